package dev.afterimage.bench;

import java.util.List;

/** One way of placing orders, compared with the others. */
interface Side {

    String name();

    /** As many clients as asked for, connected. */
    List<Client> connect(int clients) throws Exception;

    /** Places one order after the other, each when the one before is answered. */
    interface Client extends AutoCloseable {

        /** Returns when the order is committed; fails when it is not. */
        void place() throws Exception;

        @Override
        void close();
    }
}
