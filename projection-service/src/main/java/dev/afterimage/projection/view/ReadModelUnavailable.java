package dev.afterimage.projection.view;

import java.sql.SQLException;

/** The database did not answer a query. */
public class ReadModelUnavailable extends RuntimeException {

    public ReadModelUnavailable(SQLException cause) {
        super("the read model cannot be queried", cause);
    }
}
