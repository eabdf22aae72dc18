package dev.afterimage.projection.web;

/** How many rows a list returns. */
public final class Paging {

    public static final String DEFAULT = "50";
    public static final int MAX = 200;

    private Paging() {}
}
