package com.example.library;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.outbox.quarkus.ExportedEvent;
import jakarta.enterprise.event.Event;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.BadRequestException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.UUID;

@Path("/loans")
@Transactional
public class LoanResource {

    private final EntityManager loans;
    private final Event<ExportedEvent<?, ?>> outbox;
    private final ObjectMapper json;

    LoanResource(EntityManager loans, Event<ExportedEvent<?, ?>> outbox, ObjectMapper json) {
        this.loans = loans;
        this.outbox = outbox;
        this.json = json;
    }

    record Opening(String book) {}

    record Extension(int days) {}

    @POST
    public Loan open(Opening opening) {
        Loan loan = new Loan(opening.book(), LocalDate.now().plusDays(28));
        loans.persist(loan);
        tell("LoanOpened", loan);
        return loan;
    }

    @POST
    @Path("/{id}/extensions")
    public Loan extend(UUID id, Extension extension) {
        Loan loan = loans.find(Loan.class, id);
        if (loan == null) {
            throw new NotFoundException();
        }
        loan.extend(extension.days());
        tell("LoanExtended", loan);
        if (extension.days() > 28) {
            // thrown after the event is fired, so that a test can check that the event is rolled back too
            throw new BadRequestException();
        }
        return loan;
    }

    private void tell(String type, Loan loan) {
        outbox.fire(new LoanEvent(loan.getId().toString(), type, json.valueToTree(loan), Instant.now()));
    }
}
