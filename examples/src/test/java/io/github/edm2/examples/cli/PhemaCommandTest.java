package io.github.edm2.examples.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reconstruction from the command line. */
class PhemaCommandTest {

    @TempDir static Path shared;

    private static Path run;

    @TempDir Path folder;

    @BeforeAll
    static void train() throws IOException {
        run = train("run", 32);
    }

    private static Path train(String name, int channels) throws IOException {
        Path data = TestData.images(shared.resolve("data.zip"));
        Path outdir = shared.resolve(name);
        Cli.succeed(
                "train",
                "--outdir",
                outdir,
                "--data",
                data,
                "--preset",
                "edm2-16-tiny",
                "--batch",
                4,
                "--duration",
                16,
                "--snapshot",
                4,
                "--channels",
                channels);
        return outdir;
    }

    @Test
    void averagesAreNetworksWhateverTheBatch() throws IOException {
        Path one = folder.resolve("one");
        String out =
                Cli.succeed(
                        "phema",
                        "--indir",
                        run,
                        "--outdir",
                        one,
                        "--outstd",
                        "0.05,0.1,...,0.2",
                        "--batch",
                        1);
        Map<String, Integer> files = TestData.contents(one);
        Assertions.assertEquals(
                Set.of(
                        "phema-0000000.016-0.050.zip",
                        "phema-0000000.016-0.100.zip",
                        "phema-0000000.016-0.150.zip",
                        "phema-0000000.016-0.200.zip"),
                files.keySet());
        files.keySet().forEach(name -> Assertions.assertTrue(out.contains(name), out));
        Path all = folder.resolve("all");
        Cli.succeed(
                "phema",
                "--indir",
                run.resolve("snapshots"),
                "--outdir",
                all,
                "--outstd",
                "0.05,0.1,0.15,0.2");
        Assertions.assertEquals(files, TestData.contents(all));
        Path images = folder.resolve("images");
        Cli.succeed(
                "generate",
                "--net",
                one.resolve("phema-0000000.016-0.100.zip"),
                "--outdir",
                images,
                "--seeds",
                "0-1",
                "--steps",
                2);
        Assertions.assertEquals(2, TestData.contents(images).size());
        String info = Cli.succeed("info", one.resolve("phema-0000000.016-0.050.zip"));
        Assertions.assertTrue(info.contains("3 channels at 8x8, 3 classes"), info);
    }

    @Test
    void skipLeavesExistingFilesAlone() throws IOException {
        Path file = folder.resolve("phema-0000000.016-0.100.zip");
        Files.writeString(file, "mine");
        Cli.succeed("phema", "--indir", run, "--outdir", folder, "--outstd", "0.1", "--skip");
        Assertions.assertEquals("mine", Files.readString(file));
    }

    @Test
    void wrongInputMakesNothing() throws IOException {
        Path outdir = folder.resolve("none");
        refuse(
                2,
                "--outstd must be EMA lengths (sigma_rel) above 0 and below 0.289, got 0.3",
                run,
                "0.3",
                outdir);
        refuse(2, "--outstd must be", run, "0.1,...,0.2", outdir);
        refuse(
                2,
                "--outstd must be a range whose end its steps of 0.03 meet, the nearest is 0.19, got 0.20",
                run,
                "0.10,0.13,...,0.20",
                outdir);
        refuse(2, "the nearest is 0.150, got 0.16", run, "0.05,0.075,...,0.16", outdir);
        refuse(
                2,
                "--outstd must be a range that goes on to its end",
                run,
                "0.1,0.2,...,0.05",
                outdir);
        refuse(
                2,
                "--outstd must be a range of 2 to 10000 different lengths",
                run,
                "0.1..0.2/1",
                outdir);
        refuse(1, "there is no folder", folder.resolve("missing"), "0.1", outdir);
        refuse(
                1,
                "is no folder of a training run",
                Files.createDirectory(folder.resolve("empty")),
                "0.1",
                outdir);
        Assertions.assertFalse(Files.exists(outdir));
    }

    @Test
    void aMomentWithoutSnapshotsNamesItsOption() {
        Cli.fail(
                2,
                new String[] {
                    "--outkimg must be from 0.004 to 0.016, the moments of the snapshots, got 5"
                },
                "phema",
                "--indir",
                run,
                "--outdir",
                folder,
                "--outstd",
                0.1,
                "--outkimg",
                5);
    }

    @Test
    void missingCutAndDamagedSnapshotsAreLeftOutOnlyIfAsked() throws IOException {
        Path copy = copyOfRun();
        Path lost = snapshot(copy, "ema-0.05-8-");
        Files.delete(lost);
        Path outdir = folder.resolve("out");
        refuse(1, "--skip-missing", copy, "0.07", outdir);
        refuse(1, "1 of 8 snapshots", copy, "0.07", outdir);
        Cli.succeed("phema", "--indir", copy, "--outdir", outdir, "--outstd", 0.07, "--instd", 0.1);
        Path cut = snapshot(copy, "ema-0.1-8-");
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 1000));
        Path damaged = snapshot(copy, "ema-0.05-16-");
        TestData.damage(damaged);
        refuse(1, "2 of 8 snapshots", copy, "0.07", outdir);
        String out = skipMissing(copy, outdir, "0.07");
        Assertions.assertTrue(out.contains("left out: 3 of 8 snapshots"), out);
        Assertions.assertTrue(out.contains("from 5 snapshots"), out);
        double all =
                error(Cli.succeed("phema", "--indir", run, "--outdir", outdir, "--outstd", 0.07));
        Assertions.assertTrue(error(out) > all, "fewer snapshots predict a larger error");
        Files.delete(damaged);
        refuse(1, "3 of 8 snapshots", copy, "0.07", outdir);
    }

    @Test
    void damageWithinAFileNamesTheWayOut() throws IOException {
        Path copy = copyOfRun();
        TestData.damage(snapshot(copy, "ema-0.1-16-"));
        Path outdir = folder.resolve("out");
        refuse(1, "1 of 8 snapshots", copy, "0.07", outdir);
        refuse(1, "--skip-missing", copy, "0.07", outdir);
        Assertions.assertEquals(Map.of(), TestData.contents(outdir));
    }

    @Test
    void lostManifestIsMadeAgainFromTheFiles() throws IOException {
        Path copy = copyOfRun();
        Path manifest = copy.resolve("snapshots/manifest.json");
        Files.delete(manifest);
        Path one = folder.resolve("one");
        String out = Cli.succeed("phema", "--indir", copy, "--outdir", one, "--outstd", 0.07);
        Assertions.assertTrue(out.contains("made again from 8 snapshot files"), out);
        Assertions.assertTrue(Files.exists(manifest));
        Path other = folder.resolve("other");
        Cli.succeed("phema", "--indir", run, "--outdir", other, "--outstd", 0.07);
        Assertions.assertEquals(TestData.contents(other), TestData.contents(one));
        Files.delete(manifest);
        TestData.damage(snapshot(copy, "ema-0.05-4-"));
        refuse(1, "1 of 8 snapshots", copy, "0.07", one);
        skipMissing(copy, one, "0.07");
        Assertions.assertFalse(Files.exists(manifest), "a damaged file would be forgotten");
    }

    @Test
    void rangeWithACountHasRoundedNamesAndLargeErrorsANote() throws IOException {
        Path outdir = folder.resolve("out");
        String out =
                Cli.succeed(
                        "phema",
                        "--indir",
                        run,
                        "--outdir",
                        outdir,
                        "--outstd",
                        "0.001,0.05..0.25/4");
        Assertions.assertEquals(
                Set.of(
                        "phema-0000000.016-0.001.zip",
                        "phema-0000000.016-0.050.zip",
                        "phema-0000000.016-0.116667.zip",
                        "phema-0000000.016-0.183333.zip",
                        "phema-0000000.016-0.250.zip"),
                TestData.contents(outdir).keySet());
        List<String> noted = out.lines().filter(l -> l.contains("above 0.05")).toList();
        Assertions.assertTrue(noted.get(0).contains("0.001"), out);
        Assertions.assertTrue(
                out.lines().noneMatch(l -> l.contains("-0.050.zip") && l.contains("above 0.05")),
                out);
    }

    private static String skipMissing(Path indir, Path outdir, String std) {
        return Cli.succeed(
                "phema", "--indir", indir, "--outdir", outdir, "--outstd", std, "--skip-missing");
    }

    private static double error(String out) {
        String line = out.lines().filter(l -> l.startsWith("phema-0")).findFirst().orElseThrow();
        return Double.parseDouble(line.split("\\s+")[2]);
    }

    private Path copyOfRun() throws IOException {
        Path copy = folder.resolve("copy");
        Files.createDirectories(copy.resolve("snapshots"));
        Files.copy(run.resolve("network.zip"), copy.resolve("network.zip"));
        for (String name : TestData.contents(run.resolve("snapshots")).keySet()) {
            Files.copy(
                    run.resolve("snapshots").resolve(name),
                    copy.resolve("snapshots").resolve(name));
        }
        return copy;
    }

    private static Path snapshot(Path run, String beginning) throws IOException {
        String name =
                TestData.contents(run.resolve("snapshots")).keySet().stream()
                        .filter(n -> n.startsWith(beginning))
                        .findFirst()
                        .orElseThrow();
        return run.resolve("snapshots").resolve(name);
    }

    @Test
    void snapshotOfAnotherNetworkIsRefused() throws IOException {
        Path other = train("other", 64);
        Path mixed = Files.createDirectory(folder.resolve("mixed"));
        Files.copy(other.resolve("network.zip"), mixed.resolve("network.zip"));
        Path snapshots = Files.createDirectory(mixed.resolve("snapshots"));
        for (String name : TestData.contents(run.resolve("snapshots")).keySet()) {
            Files.copy(run.resolve("snapshots").resolve(name), snapshots.resolve(name));
        }
        Path outdir = folder.resolve("none");
        refuse(1, "belong to another network", mixed, "0.1", outdir);
        Assertions.assertFalse(Files.exists(outdir));
    }

    private static void refuse(int code, String part, Path indir, String std, Path outdir) {
        String[] parts = {part};
        Cli.fail(code, parts, "phema", "--indir", indir, "--outdir", outdir, "--outstd", std);
    }
}
