package dev.afterimage.shop.web;

/** The roles of a caller: the {@code groups} of the bearer token. Both services know the same. */
public final class Roles {

    /** May read everything but what is for {@link #ADMIN}. */
    public static final String READ = "orders:read";
    /** May create and change everything but what is for {@link #ADMIN}. Does not include {@link #READ}. */
    public static final String WRITE = "orders:write";
    /** May do everything: {@code quarkus.http.auth.roles-mapping} gives it the other roles. */
    public static final String ADMIN = "orders:admin";

    private Roles() {}
}
