package dev.afterimage.shop.web;

import static org.assertj.core.api.Assertions.assertThatObject;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseAwayTest {

    @ParameterizedTest
    @ValueSource(strings = {"08001", "08006", "28000", "53300", "57P01", "57P03", "25P03", "25006", "3D000"})
    void isFoundInWrappedExceptions(String sqlState) {
        var cause = new SQLException("gone", sqlState);
        assertThatObject(Problems.databaseAway(new IllegalStateException(new RuntimeException(cause))))
                .isSameAs(cause);
    }

    @Test
    void isNoConnectionInTime() {
        assertThatObject(Problems.databaseAway(new RuntimeException(new SQLException("acquisition timeout"))))
                .isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"23505", "22003", "25P02", "40001", "57014"})
    void isNotAnyOtherRefusal(String sqlState) {
        assertThatObject(Problems.databaseAway(new RuntimeException(new SQLException("refused", sqlState))))
                .isNull();
        assertThatObject(Problems.databaseAway(new IllegalStateException("a bug")))
                .isNull();
    }
}
