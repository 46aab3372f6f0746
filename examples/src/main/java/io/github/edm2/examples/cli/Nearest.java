package io.github.edm2.examples.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What the user may have meant. */
final class Nearest {

    private Nearest() {}

    /** The word that takes the fewest edits: at most two or a third of its letters, and not all. */
    static Optional<String> to(String typed, Collection<String> words) {
        return words.stream()
                .min(Comparator.comparingInt(word -> distance(typed, word)))
                .filter(word -> distance(typed, word) <= Math.max(2, word.length() / 3))
                .filter(word -> distance(typed, word) < Math.min(typed.length(), word.length()));
    }

    /** All words: first those that contain what was typed, then those that take fewer edits. */
    static Stream<String> order(String typed, Collection<String> words) {
        String part = typed.toLowerCase(Locale.ROOT);
        return words.stream()
                .distinct()
                .sorted(
                        Comparator.comparing(
                                        (String word) ->
                                                !word.toLowerCase(Locale.ROOT).contains(part))
                                .thenComparingInt(word -> distance(typed, word)));
    }

    /** Levenshtein's distance, upper and lower case being the same. */
    private static int distance(String a, String b) {
        String from = a.toLowerCase(Locale.ROOT);
        String to = b.toLowerCase(Locale.ROOT);
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int substitution = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substitution, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
    }
}
