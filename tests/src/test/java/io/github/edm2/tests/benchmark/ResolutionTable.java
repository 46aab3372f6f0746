package io.github.edm2.tests.benchmark;

import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Time of a training step and memory per image of one network at several resolutions, and what of
 * the time is attention's: steps of the same network without it are run in turn. Printed by {@code
 * tests/benchmark/compare --resolutions} as a Markdown table.
 */
final class ResolutionTable {

    static final List<Integer> RESOLUTIONS = List.of(16, 32, 64);

    private static final int BATCH = 4;
    private static final int WARM_UP = 3;
    private static final int RUNS = 7;
    private static final int FEW_IMAGES = 2;
    private static final int MANY_IMAGES = 8;

    private ResolutionTable() {}

    /** How {@link Comparison} calls the network of a resolution. */
    static String name(int resolution) {
        return "resolution-" + resolution;
    }

    /** Measures and prints. */
    static void print() throws IOException {
        System.out.printf("%d channels, batch %d%n%n", width(), BATCH);
        System.out.println(
                "| resolution | training step | without attention | attention's share"
                        + " | ms per 1,000 pixels without attention | memory per image |");
        System.out.println("|---|---|---|---|---|---|");
        double[] plain = new double[RESOLUTIONS.size()];
        for (int i = 0; i < plain.length; i++) {
            int resolution = RESOLUTIONS.get(i);
            NetworkOptions options = Comparison.sizes().get(name(resolution));
            Runnable whole = step(options);
            Runnable without = step(options.toBuilder().attnResolutions(new int[0]).build());
            double[] all = new double[RUNS];
            double[] rest = new double[RUNS];
            double[] shares = new double[RUNS];
            for (int run = -WARM_UP; run < RUNS; run++) {
                double a = milliseconds(whole);
                double b = milliseconds(without);
                if (run >= 0) {
                    all[run] = a;
                    rest[run] = b;
                    shares[run] = 1 - b / a;
                }
            }
            plain[i] = median(rest);
            ComparedNetwork network = new ComparedNetwork(name(resolution), options, null);
            double memory =
                    (network.run("memory", MANY_IMAGES) - network.run("memory", FEW_IMAGES))
                            / (MANY_IMAGES - FEW_IMAGES);
            System.out.printf(
                    Locale.ROOT,
                    "| %dx%d | %.0f ms | %.0f ms | %.0f %% | %.1f | %.1f MB |%n",
                    resolution,
                    resolution,
                    median(all),
                    plain[i],
                    100 * median(shares),
                    plain[i] / (BATCH * resolution * resolution / 1e3),
                    memory / 1e6);
        }
        System.out.printf(
                Locale.ROOT,
                "%nWithout attention the time grows by %.0f ms from 16x16 to 32x32 and by %.2f times"
                        + " as much from there to 64x64; the pixels grow by 4 times as much.%n",
                plain[1] - plain[0],
                (plain[2] - plain[1]) / (plain[1] - plain[0]));
    }

    private static int width() {
        return Comparison.sizes().get(name(RESOLUTIONS.get(0))).getModelChannels();
    }

    private static Runnable step(NetworkOptions options) {
        return new ComparedNetwork("", options, null).task("train", BATCH);
    }

    private static double milliseconds(Runnable task) {
        long start = System.nanoTime();
        task.run();
        return (System.nanoTime() - start) / 1e6;
    }

    private static double median(double[] values) {
        return Arrays.stream(values).sorted().toArray()[values.length / 2];
    }
}
