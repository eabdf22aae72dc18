package dev.afterimage.projection.sql;

import java.sql.SQLException;

/** The database did not answer a query. */
public class DatabaseAway extends RuntimeException {

    public DatabaseAway(SQLException cause) {
        super("the database cannot be queried: " + cause.getMessage(), cause);
    }
}
