package dev.afterimage.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TableKeysTest {

    @Test
    void theyCountAsAMapDoes() {
        TableKeys keys = new TableKeys();
        Map<String, Boolean> map = new HashMap<>();
        Random random = new Random(7);
        for (int i = 0; i < 300_000; i++) {
            String key = "0199" + random.nextInt(20_000);
            boolean fits = random.nextBoolean();
            if (random.nextInt(3) == 0) {
                keys.remove(key);
                map.remove(key);
            } else {
                keys.put(key, fits);
                map.put(key, fits);
            }
            assertThat(keys.size()).isEqualTo(map.size());
        }
        assertThat(keys.fitting())
                .isEqualTo((int) map.values().stream().filter(fits -> fits).count());
        keys.clear();
        assertThat(keys.size() + keys.fitting()).isZero();
    }
}
