package io.github.edm2.examples.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/** Lists of seeds: numbers and inclusive ranges, separated by commas. */
final class Seeds {

    private static final Pattern RANGE = Pattern.compile("(\\d{1,18})(?:-(\\d{1,18}))?");

    private static final int MOST = 100_000_000;

    private Seeds() {}

    /**
     * Reads a list.
     *
     * @throws IllegalArgumentException if a part is not a number or a rising range, or there are
     *     more than 100 million
     */
    static List<Long> parse(String text) {
        List<Long> seeds = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            Matcher matcher = RANGE.matcher(part.strip());
            if (!matcher.matches()) {
                throw new IllegalArgumentException(part + " is not a seed or range");
            }
            long first = Long.parseLong(matcher.group(1));
            long last = matcher.group(2) == null ? first : Long.parseLong(matcher.group(2));
            if (last < first || last - first >= MOST - seeds.size()) {
                throw new IllegalArgumentException(part + " is not a range of seeds");
            }
            LongStream.rangeClosed(first, last).forEach(seeds::add);
        }
        return seeds;
    }
}
