package io.github.edm2.examples;

import java.util.Locale;

/** Numbers of things as people write them: {@code 1 image}, {@code 2,000 images}. */
final class Count {

    private Count() {}

    static String images(long count) {
        return of(count, "image", "images");
    }

    static String of(long count, String one, String many) {
        return String.format(Locale.ROOT, "%,d %s", count, count == 1 ? one : many);
    }
}
