package com.example.library;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import java.time.LocalDate;
import java.util.UUID;

/** A book that a reader has borrowed. */
@Entity
public class Loan {

    @Id
    @GeneratedValue
    private UUID id;

    private String book;
    private LocalDate due;

    protected Loan() {}

    Loan(String book, LocalDate due) {
        this.book = book;
        this.due = due;
    }

    void extend(int days) {
        due = due.plusDays(days);
    }

    public UUID getId() {
        return id;
    }

    public String getBook() {
        return book;
    }

    public LocalDate getDue() {
        return due;
    }
}
