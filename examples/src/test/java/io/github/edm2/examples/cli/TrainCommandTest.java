package io.github.edm2.examples.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training from the command line: continuation, refusal, and what a failure leaves. */
class TrainCommandTest {

    /** Images of 20 steps of 4. */
    private static final int HALF = 80;

    @TempDir static Path shared;

    private static Path data;

    /** Trained to twice HALF without a stop. */
    private static Path unbroken;

    @TempDir Path folder;

    @BeforeAll
    static void trainUnbroken() throws IOException {
        data = TestData.images(shared.resolve("data.zip"));
        unbroken = shared.resolve("unbroken");
        Cli.succeed(train(unbroken, 2 * HALF));
    }

    /** Dropout, mirrored images and uneven micro-batches: all that draws random numbers. */
    private static Object[] train(Path outdir, int duration, Object... more) {
        List<Object> args =
                new ArrayList<>(
                        List.of(
                                "train",
                                "--outdir",
                                outdir,
                                "--data",
                                data,
                                "--duration",
                                duration));
        args.addAll(List.of("--preset", "edm2-16-tiny", "--batch", 4, "--batch-gpu", 3));
        args.addAll(List.of("--dropout", 0.2, "--xflip", "--snapshot", 40, "--checkpoint", 40));
        args.addAll(Arrays.asList(more));
        return args.toArray();
    }

    private static void assertEqualsUnbroken(Path outdir) throws IOException {
        Assertions.assertEquals(results(unbroken), results(outdir));
    }

    /** All files but those with times. */
    private static Map<String, Integer> results(Path outdir) throws IOException {
        Map<String, Integer> files = new TreeMap<>(TestData.contents(outdir));
        files.keySet().removeIf(name -> name.matches(".*(checkpoint.json|log.txt|stats.jsonl)"));
        Assertions.assertTrue(files.containsKey("network.zip"));
        return files;
    }

    @Test
    void twoHalvesAreTheWholeBitForBit() throws IOException {
        Path outdir = folder.resolve("run");
        Cli.succeed(train(outdir, HALF));
        String out = Cli.succeed(train(outdir, 2 * HALF));
        Assertions.assertTrue(out.contains("continues at 80 images"), out);
        assertEqualsUnbroken(outdir);
        Assertions.assertEquals(
                2 * HALF / 4, Files.readAllLines(outdir.resolve("stats.jsonl")).size());
        Cli.succeed(train(outdir, 2 * HALF));
        assertEqualsUnbroken(outdir);
    }

    @Test
    void otherOptionsAreRefusedAndNamed() throws IOException {
        Map<String, Integer> before = TestData.contents(unbroken);
        String[] parts = {"lr 0.02, not 0.03"};
        Cli.fail(1, parts, train(unbroken, 2 * HALF, "--lr", 0.03));
        Cli.fail(
                1,
                new String[] {"network.modelChannels 32, not 64"},
                train(unbroken, 2 * HALF, "--channels", 64));
        Assertions.assertEquals(before, TestData.contents(unbroken));
    }

    /** Also what a crash between a checkpoint and the one after leaves: snapshots, half lines. */
    @Test
    void damagedCheckpointIsNamedAndTheOneBeforeUsedOnceItIsDeleted() throws IOException {
        Path outdir = folder.resolve("run");
        Cli.succeed(train(outdir, HALF));
        Map<String, Integer> trained = results(outdir);
        Path newest = outdir.resolve("checkpoints/%012d".formatted(HALF));
        TestData.damage(newest.resolve("ema.safetensors"));
        String[] parts = {"ema.safetensors", "damaged", "%012d".formatted(HALF)};
        Cli.fail(1, parts, train(outdir, HALF));
        Files.move(newest, newest.resolveSibling(".unfinished"));
        Path stats = outdir.resolve("stats.jsonl");
        Files.writeString(stats, "{\"imag", StandardOpenOption.APPEND);
        Cli.succeed(train(outdir, HALF));
        Assertions.assertEquals(trained, results(outdir));
        Assertions.assertEquals(HALF / 4, Files.readAllLines(stats).size());
    }

    /** Something in the way fails every write of a checkpoint, like a disk without space. */
    @Test
    void failedWriteLeavesARunThatContinues() throws IOException {
        Path outdir = folder.resolve("run");
        Files.createDirectories(outdir);
        Path obstacle = Files.writeString(outdir.resolve("checkpoints"), "");
        Cli.fail(1, new String[] {"checkpoints"}, train(outdir, 20));
        Files.delete(obstacle);
        Cli.succeed(train(outdir, 20));
        Assertions.assertTrue(Files.exists(outdir.resolve("snapshots/manifest.json")));
        Assertions.assertFalse(Files.exists(outdir.resolve("checkpoints/.unfinished")));
    }

    private Object[] plain(Path outdir, int duration, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", "--outdir", outdir, "--data", data));
        args.addAll(List.of("--duration", duration, "--preset", "edm2-16-tiny", "--batch", 4));
        args.addAll(Arrays.asList(more));
        return args.toArray();
    }

    @Test
    void aLongerDurationContinuesWithTheIntervalsOfTheRun() throws IOException {
        Path outdir = folder.resolve("run");
        Cli.succeed(plain(outdir, 8));
        String out = Cli.succeed(plain(outdir, 4096, "--dry-run"));
        Assertions.assertTrue(out.contains("\"snapshot\" : 4,"), out);
        Assertions.assertTrue(out.contains("\"checkpoint\" : 4"), out);
        out = Cli.succeed(plain(outdir, 12));
        Assertions.assertTrue(out.contains("continues at 8 images"), out);
        out = Cli.succeed(plain(outdir, 16, "--batch-gpu", 2, "--snapshot", 8, "--status", 16));
        Assertions.assertTrue(out.contains("continues at 12 images"), out);
    }

    @Test
    void zeroSwitchesAnIntervalOff() throws IOException {
        Path outdir = folder.resolve("run");
        Object[] off = plain(outdir, 8, "--snapshot", 0, "--status", 0, "--checkpoint", 0);
        Cli.succeed(off);
        Assertions.assertFalse(Files.exists(outdir.resolve("stats.jsonl")));
        try (var files = Files.list(outdir.resolve("checkpoints"))) {
            Assertions.assertEquals(1, files.count());
        }
        try (var files = Files.list(outdir.resolve("snapshots"))) {
            Assertions.assertTrue(files.noneMatch(f -> f.toString().endsWith(".safetensors")));
        }
        Assertions.assertTrue(Cli.succeed(off).contains("trained to 8 images already"));
    }

    @Test
    void labelsAreUsedWhereThereAreSome() throws IOException {
        Path plain = Files.createDirectory(folder.resolve("plain"));
        Files.write(plain.resolve("a.png"), TestData.png(16, new java.util.Random(1)));
        Path outdir = folder.resolve("run");
        Object[] train = {
            "train", "--outdir", outdir, "--data", plain, "--preset", "edm2-16-tiny", "--dry-run"
        };
        String out = Cli.succeed(train);
        Assertions.assertTrue(out.contains("\"labelDim\" : 0"), out);
        Object[] asked = Arrays.copyOf(train, train.length + 1);
        asked[train.length] = "--cond";
        Cli.fail(1, new String[] {"--cond asks for class labels", "leave --cond out"}, asked);
    }

    @Test
    void dryRunPrintsTheConfigurationAndMakesNothing() {
        Path outdir = folder.resolve("run");
        String out = Cli.succeed(train(outdir, HALF, "--dry-run"));
        Assertions.assertTrue(out.contains("\"labelDim\" : 3"), out);
        Assertions.assertTrue(out.contains("\"batch-gpu\" : 3"), out);
        Assertions.assertFalse(Files.exists(outdir));
    }

    @Test
    void valuesOutOfRangeMakeNothing() {
        Path outdir = folder.resolve("run");
        Cli.fail(2, new String[] {"--ema-std", "0.4"}, train(outdir, HALF, "--ema-std", 0.4));
        Cli.fail(2, new String[] {"--channels", "49"}, train(outdir, HALF, "--channels=49"));
        Cli.fail(2, new String[] {"--P_std", "-1"}, train(outdir, HALF, "--P_std", -1));
        Cli.fail(2, new String[] {"--lr", "-0.1"}, train(outdir, HALF, "--lr", -0.1));
        Assertions.assertFalse(Files.exists(outdir));
    }

    /**
     * The rate rises from 0, so that the first steps are good; then the gain of the last layer
     * grows with it, until the loss overflows or, with the higher rate, the layer itself.
     */
    @ParameterizedTest
    @CsvSource({
        "1e30, 'the output of every layer is finite, so the loss itself overflows'",
        "1e40, the first layer with an output that is not finite is logvar_linear"
    })
    void aLossThatIsNoNumberEndsTheRunAndKeepsTheGoodCheckpoint(String lr, String where)
            throws IOException {
        Path outdir = folder.resolve("run");
        Object[] diverging =
                train(outdir, 100 * HALF, "--lr", lr, "--checkpoint", 4, "--status", 4);
        Cli result = Cli.run(withoutFirst(diverging, "--checkpoint"));
        Assertions.assertEquals(1, result.code(), result.err());
        Assertions.assertTrue(result.out().contains("warning: the loss is"), result.out());
        Path good = outdir.resolve("checkpoints/%012d".formatted(4));
        Assertions.assertTrue(result.err().contains("in 5 steps in a row"), result.err());
        String named = "; %s; the last good checkpoint is %s; ".formatted(where, good);
        Assertions.assertTrue(result.err().contains(named), result.err());
        Assertions.assertTrue(Files.exists(good.resolve("checkpoint.json")));
        try (var kept = Files.list(outdir.resolve("checkpoints"))) {
            Assertions.assertEquals(1, kept.count());
        }
        for (String line : Files.readAllLines(outdir.resolve("stats.jsonl"))) {
            Assertions.assertFalse(line.contains("NaN"), line);
        }
        String log = Files.readString(outdir.resolve("log.txt"));
        Assertions.assertTrue(log.contains("  loss per element not finite  lr "), log);
        Assertions.assertFalse(log.contains("loss per element NaN"), log);
    }

    private static Object[] withoutFirst(Object[] args, String option) {
        List<Object> kept = new ArrayList<>(Arrays.asList(args));
        int at = kept.indexOf(option);
        kept.subList(at, at + 2).clear();
        return kept.toArray();
    }
}
