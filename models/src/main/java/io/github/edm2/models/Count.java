package io.github.edm2.models;

import java.util.Locale;

/** Numbers of things as people write them: {@code 1 image}, {@code 2,000 images}. */
public final class Count {

    private Count() {}

    /** A number of images. */
    public static String images(long count) {
        return of(count, "image", "images");
    }

    /**
     * A number of things.
     *
     * @param one the thing in the singular
     * @param many the thing in the plural
     */
    public static String of(long count, String one, String many) {
        return String.format(Locale.ROOT, "%,d %s", count, count == 1 ? one : many);
    }
}
