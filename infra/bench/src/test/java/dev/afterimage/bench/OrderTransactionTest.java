package dev.afterimage.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.bench.OrderTransaction.Step;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrderTransactionTest {

    private static final String COMPLETE = """
            |7|LOG:  execute <unnamed>: BEGIN
            |7|LOG:  execute S_3: select price
            \tfrom products where id in ($1,$2)
            |7|DETAIL:  Parameters: $1 = 'a', $2 = 'b'
            |8|LOG:  execute <unnamed>: select 1
            |7|LOG:  execute S_4: insert into items (name,note) values ($1,$2)
            |7|DETAIL:  Parameters: $1 = 'O''Neill', $2 = NULL
            |7|LOG:  execute S_4: insert into items (name,note) values ($1,$2)
            |7|DETAIL:  Parameters: $1 = 'two
            \tlines', $2 = '$1 = ''x'''
            |7|LOG:  execute S_1: COMMIT
            """;

    @Test
    void readsStatementsParametersAndBatchesOfOneConnection() {
        assertThat(OrderTransaction.lastIn(COMPLETE))
                .hasValue(new OrderTransaction(List.of(
                        new Step("select price\nfrom products where id in (?,?)", List.of(List.of("a", "b"))),
                        new Step(
                                "insert into items (name,note) values (?,?)",
                                List.of(Arrays.asList("O'Neill", null), List.of("two\nlines", "$1 = 'x'"))))));
    }

    @Test
    void skipsATransactionWhoseBeginningOrEndIsMissingInTheLog() {
        assertThat(OrderTransaction.lastIn(COMPLETE.substring(COMPLETE.indexOf('\n') + 1)))
                .isEmpty();
        assertThat(OrderTransaction.lastIn(COMPLETE.replace("COMMIT", "ROLLBACK")))
                .isEmpty();
    }
}
