package io.github.edm2.models.metrics;

/**
 * A file of statistics that cannot be used or written. The message names the file and what is wrong
 * with it.
 */
public final class StatisticsFileException extends RuntimeException {

    private static final long serialVersionUID = 1;
    private static final int LONGEST_REASON = 500;

    /**
     * @param file part of a sentence with the file's name
     * @param reason the rest of it, made one line whatever names the file has in it
     */
    StatisticsFileException(String file, String reason, Throwable cause) {
        super(file + oneLine(reason), cause);
    }

    private static String oneLine(String reason) {
        String line = reason.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "...";
    }
}
