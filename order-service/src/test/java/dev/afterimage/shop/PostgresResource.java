package dev.afterimage.shop;

import dev.afterimage.stack.Folders;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A separate PostgreSQL, which the test may kill. All other tests share the PostgreSQL of the dev services. */
public class PostgresResource implements QuarkusTestResourceLifecycleManager {

    private @Nullable Path home;
    private @Nullable Postgres postgres;

    @Override
    public Map<String, String> start() {
        try {
            home = Files.createTempDirectory(Path.of("target"), "postgres-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        postgres = Postgres.start(StackConfig.onFreePorts(home));
        return Map.of("quarkus.datasource.jdbc.url", postgres.jdbcUrl("orders"));
    }

    @Override
    public void inject(TestInjector test) {
        test.injectIntoFields(postgres, new TestInjector.MatchesType(Postgres.class));
    }

    @Override
    public void stop() {
        if (postgres != null) {
            postgres.close();
        }
        try {
            if (home != null) {
                Folders.delete(home);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
