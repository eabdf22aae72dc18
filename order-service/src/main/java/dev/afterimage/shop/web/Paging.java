package dev.afterimage.shop.web;

/** How many rows a list returns. */
public final class Paging {

    public static final String DEFAULT = "20";
    public static final int MAX = 100;

    private Paging() {}
}
