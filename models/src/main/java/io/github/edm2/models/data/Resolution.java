package io.github.edm2.models.data;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Size of an image.
 *
 * @param width columns of pixels, 1 to {@value ImageShape#MAX_SIDE}
 * @param height rows of pixels, 1 to {@value ImageShape#MAX_SIDE}
 */
public record Resolution(int width, int height) {

    private static final Pattern SYNTAX = Pattern.compile("(\\d{1,9})[xX](\\d{1,9})");

    /**
     * Checks the sides.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public Resolution {
        if (Math.min(width, height) < 1 || Math.max(width, height) > ImageShape.MAX_SIDE) {
            throw new IllegalArgumentException(
                    "width and height must be 1 to "
                            + ImageShape.MAX_SIDE
                            + ", got "
                            + width
                            + "x"
                            + height);
        }
    }

    /**
     * Reads a text such as {@code 64x48}, width first.
     *
     * @throws IllegalArgumentException if it is not one, or a side is out of range
     */
    public static Resolution parse(String text) {
        Matcher matcher = SYNTAX.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "a resolution is WIDTHxHEIGHT, such as 64x64, got " + text);
        }
        return new Resolution(
                Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }

    /** Whether width and height are the same. */
    public boolean isSquare() {
        return width == height;
    }

    /** For example {@code 64x48}, width first. */
    @Override
    public String toString() {
        return width + "x" + height;
    }
}
