package dev.afterimage.bench;

import java.util.List;

/** One way to place orders, which is compared with the others. */
interface OrderWriter {

    String name();

    /** Connects this number of clients. */
    List<Client> connect(int clients) throws Exception;

    /** Places one order after the other, the next one after the answer to the previous one. */
    interface Client extends AutoCloseable {

        /** Returns when the order is committed; throws when it is not committed. */
        void place() throws Exception;

        @Override
        void close();
    }
}
