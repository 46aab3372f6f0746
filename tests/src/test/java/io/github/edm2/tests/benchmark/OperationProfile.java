package io.github.edm2.tests.benchmark;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;

/**
 * Where the time of a task goes, by operation and by the shapes that it works on: the time of each
 * call of ND4J's executioner, and what is left of the whole as Java's.
 */
final class OperationProfile {

    private static final double MILLI = 1e6;

    private record Key(String name, String shapes) {}

    private static final class Total {
        private long calls;
        private long nanos;

        private void add(long taken) {
            calls++;
            nanos += taken;
        }
    }

    private final Map<Key, Total> totals = new LinkedHashMap<>();
    private long whole;
    private int runs;

    /**
     * Runs a task some times.
     *
     * @param task to profile, warm already
     * @param times how often
     */
    static OperationProfile of(Runnable task, int times) {
        OperationProfile profile = new OperationProfile();
        try (OperationRecorder ignored = OperationRecorder.open(profile::add)) {
            for (int i = 0; i < times; i++) {
                long start = System.nanoTime();
                task.run();
                profile.whole += System.nanoTime() - start;
                profile.runs++;
            }
        }
        return profile;
    }

    private synchronized void add(Object operation, long nanos) {
        Key key =
                operation instanceof CustomOp custom
                        ? new Key(custom.opName(), shapes(custom))
                        : new Key(((Op) operation).opName(), shapes((Op) operation));
        totals.computeIfAbsent(key, k -> new Total()).add(nanos);
    }

    private static String shapes(CustomOp operation) {
        return shapes(
                Stream.concat(
                        operation.inputArguments().stream(), operation.outputArguments().stream()));
    }

    private static String shapes(Op operation) {
        return shapes(Stream.of(operation.x(), operation.y(), operation.z()));
    }

    private static String shapes(Stream<INDArray> arrays) {
        return arrays.map(OperationProfile::shape).collect(Collectors.joining(" "));
    }

    /** A view is marked, because ND4J is often slower on it. */
    private static String shape(INDArray array) {
        return array == null ? "-" : Arrays.toString(array.shape()) + (array.isView() ? "v" : "");
    }

    /** Prints the operations, and the most expensive of their shapes. */
    void print(PrintStream out, int shapes) {
        Map<String, Total> byName = new LinkedHashMap<>();
        totals.forEach(
                (key, total) -> {
                    Total sum = byName.computeIfAbsent(key.name, n -> new Total());
                    sum.calls += total.calls;
                    sum.nanos += total.nanos;
                });
        long inside = byName.values().stream().mapToLong(t -> t.nanos).sum();
        out.printf(
                "%.2f ms, of which %.2f ms in operations%n%n",
                whole / MILLI / runs, inside / MILLI / runs);
        out.println("| operation | shapes | calls | ms | share |");
        out.println("|---|---|---|---|---|");
        Comparator<Map.Entry<?, Total>> byTime = Comparator.comparingLong(e -> -e.getValue().nanos);
        byName.entrySet().stream().sorted(byTime).forEach(e -> line(out, e.getKey(), "all", e));
        List<Map.Entry<Key, Total>> single = totals.entrySet().stream().sorted(byTime).toList();
        single.stream()
                .limit(shapes)
                .forEach(e -> line(out, e.getKey().name, e.getKey().shapes, e));
    }

    private void line(PrintStream out, String name, String shapes, Map.Entry<?, Total> entry) {
        Total total = entry.getValue();
        out.printf(
                "| %s | %s | %.1f | %.3f | %.1f %% |%n",
                name,
                shapes,
                (double) total.calls / runs,
                total.nanos / MILLI / runs,
                100.0 * total.nanos / whole);
    }
}
