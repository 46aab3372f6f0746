package io.github.edm2.examples.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The names of classes, in the order of their labels: shown, and understood. */
record ClassList(List<String> names) {

    /** So many fit into a line. */
    private static final int SHOWN = 10;

    /** What is shown of a longer list. */
    private static final int SHOWN_OF_MANY = 5;

    /** Suggestions for a name that is none. */
    private static final int NEAREST = 3;

    static ClassList of(List<String> names) {
        return new ClassList(names);
    }

    /** Prints a line with the first names, if there are any: {@code classes: 0 cat, 1 dog (2)}. */
    void show(PrintStream out) {
        if (!names.isEmpty()) {
            boolean all = names.size() <= SHOWN;
            out.println(
                    "classes: "
                            + numbered(all ? names.size() : SHOWN_OF_MANY)
                            + (all ? "" : ", ...")
                            + " (%,d)".formatted(names.size()));
        }
    }

    /** Prints a line with all names, if there are any. */
    void showAll(PrintStream out) {
        if (!names.isEmpty()) {
            out.println("classes: " + numbered(names.size()));
        }
    }

    private String numbered(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> i + " " + names.get(i))
                .collect(Collectors.joining(", "));
    }

    /**
     * The class that {@code --class} asks for: a number of the network's classes, or else a name,
     * upper and lower case being the same where that leaves one.
     *
     * @param classes number of the network's classes, at least 1
     * @throws UsageException if it is neither, or several classes have the name
     */
    int find(String text, int classes) {
        boolean isNumber = text.matches("[0-9]{1,9}");
        if (isNumber && Integer.parseInt(text) < classes) {
            return Integer.parseInt(text);
        }
        List<Integer> same = matching(text::equals);
        List<Integer> found = same.isEmpty() ? matching(text::equalsIgnoreCase) : same;
        if (found.size() == 1) {
            return found.get(0);
        }
        if (found.size() > 1) {
            throw new UsageException(
                    "--class %s is the name of several classes, %s; give one of the numbers"
                            .formatted(text, found));
        }
        String range = "from 0 to %d, the classes of --net".formatted(classes - 1);
        if (names.isEmpty()) {
            throw new UsageException(
                    "--class must be %s, got %s%s"
                            .formatted(
                                    range,
                                    text,
                                    isNumber ? "" : "; their names are not in the file"));
        }
        throw new UsageException(
                "--class must be %s, or a name of one, got %s; the nearest are %s (info shows all)"
                        .formatted(range, text, nearest(text)));
    }

    private List<Integer> matching(Predicate<String> condition) {
        return IntStream.range(0, names.size())
                .filter(i -> condition.test(names.get(i)))
                .boxed()
                .toList();
    }

    private String nearest(String text) {
        return String.join(", ", Nearest.order(text, names).limit(NEAREST).toList());
    }
}
