package dev.afterimage.cli.service;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import io.github.cdimascio.dotenv.Dotenv;
import io.github.cdimascio.dotenv.DotenvException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The address of any PostgreSQL: from options, else libpq's environment variables, else a file .env in the working
 * directory.
 */
public final class AnyPostgres {

    @Option(names = "--host", paramLabel = "HOST", description = "PGHOST, else localhost")
    private @Nullable String host;

    @Option(names = "--port", paramLabel = "PORT", description = "PGPORT, else 5432")
    private @Nullable String port;

    @Option(names = "--database", paramLabel = "NAME", description = "PGDATABASE, else cdc_test")
    private @Nullable String database;

    @Option(
            names = "--user",
            paramLabel = "NAME",
            description = "PGUSER, else postgres; the password is PGPASSWORD, else postgres")
    private @Nullable String user;

    @Option(names = "--schema", paramLabel = "NAME", description = "PGSCHEMA, else public")
    private @Nullable String schema;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    private @Nullable String password;
    private @Nullable Dotenv environment;

    /** The source of a connector. One that takes its address from the worker's environment reads the pipeline's orders. */
    public static AnyPostgres of(JsonNode connector, Ports pipeline) {
        AnyPostgres source = new AnyPostgres();
        if (connector.path("database.hostname").asText().startsWith("${env:")) {
            source.host = StackConfig.HOST;
            source.port = Integer.toString(pipeline.postgres);
            source.database = "orders";
            source.user = "postgres";
            source.password = "postgres";
            return source;
        }
        source.host = connector.path("database.hostname").asText();
        source.port = connector.path("database.port").asText("5432");
        source.database = connector.path("database.dbname").asText();
        source.user = connector.path("database.user").asText();
        source.password = connector.path("database.password").asText();
        return source;
    }

    public String database() {
        return setting(database, "PGDATABASE", "cdc_test");
    }

    public String schema() {
        return setting(schema, "PGSCHEMA", "public");
    }

    public String host() {
        return setting(host, "PGHOST", "localhost");
    }

    public String port() {
        String value = setting(port, "PGPORT", "5432");
        if (!value.matches("[1-9][0-9]{0,4}")) {
            throw wrong("'" + value + "' is not a port (--port, PGPORT)");
        }
        return value;
    }

    public String user() {
        return setting(user, "PGUSER", "postgres");
    }

    /** The password. It is never an option, because every user can read the options of a process. */
    public String password() {
        return setting(password, "PGPASSWORD", "postgres");
    }

    private String address() {
        return host() + ":" + port();
    }

    /** The value of the option, else of the variable in the environment or in the file, else the default. */
    public String setting(@Nullable String option, String variable, String otherwise) {
        if (option != null) {
            return option;
        }
        try {
            if (environment == null) {
                environment = Dotenv.configure().ignoreIfMissing().load();
            }
            String value = environment.get(variable);
            return value == null || value.isEmpty() ? otherwise : value;
        } catch (DotenvException e) {
            throw new StackException(".env cannot be read: " + e.getMessage(), e);
        }
    }

    /** The value of a variable that is {@code true} or {@code false}, in upper or lower case. */
    public boolean flag(String variable, boolean otherwise) {
        String value = setting(null, variable, Boolean.toString(otherwise)).toLowerCase(Locale.ROOT);
        if (!value.equals("true") && !value.equals("false")) {
            throw wrong(variable + " is '" + value + "', but must be true or false");
        }
        return value.equals("true");
    }

    /** The address of a connector is no argument. */
    private RuntimeException wrong(String why) {
        return command == null ? new StackException(why + ".") : new ParameterException(command.commandLine(), why);
    }

    /**
     * Opens a connection.
     *
     * @throws StackException when no server answers, or when it refuses the user
     */
    public Connection connect() {
        return connect(database());
    }

    private Connection connect(String name) {
        Properties properties = new Properties();
        properties.setProperty("user", user());
        properties.setProperty("password", password());
        properties.setProperty("ApplicationName", "afterimage");
        properties.setProperty("connectTimeout", "5");
        try {
            return DriverManager.getConnection("jdbc:postgresql://" + address() + "/" + name, properties);
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            throw new StackException(
                    switch (state) {
                        case "28P01", "28000" ->
                            "PostgreSQL at " + address() + " refuses the user " + user()
                                    + " with this password (PGPASSWORD).";
                        case "3D000" ->
                            "There is no database " + name + " at " + address()
                                    + ": name another database (PGDATABASE), or add --create-database.";
                        case "08001", "08004", "08006" ->
                            "No PostgreSQL answers at " + address() + " (PGHOST, PGPORT).";
                        default -> "PostgreSQL at " + address() + ": " + e.getMessage();
                    },
                    e);
        }
    }

    /** The identifier in quotes, valid in SQL whatever characters it has. */
    public static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    /** Creates the database if it does not exist. */
    public void createDatabase() {
        try (Connection connection = connect("postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + quoted(database()));
        } catch (SQLException e) {
            if (!"42P04".equals(e.getSQLState())) {
                throw new StackException("Database " + database() + " cannot be created: " + e.getMessage(), e);
            }
        }
    }
}
