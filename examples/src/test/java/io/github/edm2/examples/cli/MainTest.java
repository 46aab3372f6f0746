package io.github.edm2.examples.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Help, wrong usage and wrong data. */
class MainTest {

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"quickstart", "train", "phema", "generate", "convert", "info"})
    void everyCommandHasHelp(String command) {
        Assertions.assertTrue(Cli.succeed("--help").contains(command));
        Assertions.assertTrue(Cli.succeed(command, "--help").contains("usage: edm2 " + command));
        Assertions.assertEquals(2, Cli.run().code());
    }

    @Test
    void wrongUsageNamesWhatMayBeMeant() {
        Cli.fail(2, new String[] {"trian", "did you mean train?", "phema"}, "trian");
        Cli.fail(2, new String[] {"--stepz", "did you mean --steps?"}, "generate", "--stepz", 1);
        Cli.fail(2, new String[] {"--q", "--outdir"}, "train", "--q");
        Cli.fail(2, new String[] {"--outdir is missing"}, "train", "--data", "x");
        Cli.fail(2, new String[] {"--lr needs a value"}, "train", "--lr");
        Cli.fail(2, new String[] {"FOLDER|URL|FILE|PRESET is missing"}, "info");
        Cli.fail(2, new String[] {"unexpected", "b"}, "info", "a", "b");
        Cli.fail(
                2,
                new String[] {"--batch must be a whole number", "\"many\""},
                "train",
                "--outdir",
                folder,
                "--data",
                "x",
                "--batch",
                "many");
        Cli.fail(1, new String[] {"neither a network file nor a preset"}, "info", "edm3");
    }

    @Test
    void helpIsFoundInEveryWayItIsAskedFor() {
        String page = Cli.succeed("metrics", "gen", "--help");
        Assertions.assertEquals(page, Cli.succeed("metrics", "gen", "-h"));
        Assertions.assertEquals(page, Cli.succeed("help", "metrics", "gen"));
        Assertions.assertEquals(Cli.succeed("--help"), Cli.succeed("-h"));
        Assertions.assertEquals(Cli.succeed("metrics", "-h"), Cli.succeed("help", "metrics"));
        Cli.fail(2, new String[] {"did you mean phema?"}, "help", "phemma");
        Cli.fail(2, new String[] {"did you mean metrics gen?"}, "help", "metrics", "gne");
    }

    @Test
    void versionNamesProgramLibraryAndJava() {
        String line = Cli.succeed("--version");
        Assertions.assertTrue(
                line.strip().matches("edm2 \\d\\S*, Deeplearning4j \\d\\S*, Java \\d\\S*"), line);
        Cli.fail(2, new String[] {"did you mean --version?"}, "--versoin");
    }

    @Test
    void optionsWithOneDashAreUnderstoodOrNamed() {
        Cli.fail(2, new String[] {"-stepz", "did you mean --steps?"}, "generate", "-stepz", 1);
        Cli.fail(2, new String[] {"-seedss", "did you mean --seeds?"}, "generate", "-seedss", 1);
        Cli.fail(2, new String[] {"did you mean --help?"}, "metrics", "--hlep");
        Cli.fail(2, new String[] {"did you mean --detectors?"}, "metrics", "calc", "-detector=x");
        Assertions.assertTrue(Cli.succeed("train", "--help").contains("-n,--dry-run"));
        Cli.fail(2, new String[] {"--outdir is missing"}, "train", "-n", "--data", "x");
    }

    @Test
    void infoOfAPresetHasThePapersNumbers() {
        String out = Cli.succeed("info", "edm2-img512-xs");
        Assertions.assertTrue(out.contains("124,713,253"), out);
        Assertions.assertTrue(out.contains("44.951"), out);
    }

    @Test
    void wrongDataIsNamedAndNoRunIsMade() throws IOException {
        refuseData(folder.resolve("missing"), "There is no");
        refuseData(Files.writeString(folder.resolve("text"), "text"), "neither a zip archive");
        Path damaged = TestData.images(folder.resolve("damaged.zip"));
        byte[] bytes = Files.readAllBytes(damaged);
        Files.write(damaged, Arrays.copyOf(bytes, bytes.length / 2));
        refuseData(damaged, "damaged.zip");

        Map<String, byte[]> entries = TestData.entries();
        entries.put("image00.png", TestData.png(2 * TestData.SIZE, new Random(2)));
        refuseData(TestData.zip(folder.resolve("sizes.zip"), entries), "16x16");

        entries = TestData.entries();
        entries.put("image00.png", TestData.json("no image"));
        refuseData(TestData.zip(folder.resolve("entry.zip"), entries), "image00.png");

        entries = TestData.entries();
        entries.put("dataset.json", TestData.json("{\"labels\": [[\"image00.png\", -1]]}"));
        refuseData(TestData.zip(folder.resolve("labels.zip"), entries), "-1");

        entries = TestData.entries();
        entries.replaceAll((k, v) -> k.endsWith("png") ? odd() : v);
        refuseData(TestData.zip(folder.resolve("odd.zip"), entries), "multiple of 2");
    }

    private static byte[] odd() {
        try {
            return TestData.png(7, new Random(3));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void refuseData(Path data, String part) {
        Path outdir = folder.resolve("run");
        Cli.fail(
                1,
                new String[] {part},
                "train",
                "--outdir",
                outdir,
                "--data",
                data,
                "--preset",
                "edm2-16-tiny");
        Assertions.assertFalse(Files.exists(outdir));
    }

    @Test
    void listsAreReadAsDocumented() {
        Assertions.assertEquals(List.of(1L, 5L, 6L, 7L), Seeds.parse("1,5-7"));
        Assertions.assertEquals(
                List.of(0.01, 0.015, 0.02, 0.025, 0.2),
                EmaLengths.parse("0.010,0.015,...,0.025,0.2"));
        Assertions.assertEquals(List.of(0.2, 0.15, 0.1), EmaLengths.parse("0.2,0.15,...,0.1"));
        Assertions.assertEquals(
                List.of(0.05, 0.1, 0.15, 0.2, 0.25), EmaLengths.parse("0.05..0.25/5"));
        Assertions.assertEquals(
                List.of(0.25, 0.116667, 0.05, 0.07),
                EmaLengths.parse("0.25, 0.116667,0.05..0.07/2,0.0500"));
        Assertions.assertEquals("0.090", EmaLengths.format(0.09000000000000001));
        for (String wrong : List.of("0.05..0.25", "0.05..0.25/1", "0.1..0.1/3", "0.1../3")) {
            Assertions.assertThrows(
                    IllegalArgumentException.class, () -> EmaLengths.parse(wrong), wrong);
        }
        Assertions.assertEquals(128 << 10, Sizes.parse("128Ki"));
        Assertions.assertEquals("3Mi", Sizes.format(3 << 20));
    }

    @Test
    void infoShowsOperationsOfNetworksOnly() throws IOException {
        String table = Cli.succeed("info", "edm2-img512-xs", "--ops");
        Assertions.assertTrue(
                table.matches("(?s).*MpConvolution 3x3 +\\d+ .*total +\\d+ +124,713,253 .*"),
                table);
        Path dataset = TestData.images(folder.resolve("data.zip"));
        Cli.fail(2, new String[] {"--ops", "dataset", "leave it out"}, "info", dataset, "--ops");
    }
}
