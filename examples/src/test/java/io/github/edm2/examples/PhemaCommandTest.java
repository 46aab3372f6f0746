package io.github.edm2.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        refuse(1, "sigmaRel must be in (0, 0.289)", run, "0.3", outdir);
        refuse(2, "--outstd must be", run, "0.1,...,0.2", outdir);
        refuse(2, "--outstd must be", run, "0.10,0.13,...,0.20", outdir);
        refuse(1, "there is no folder", folder.resolve("missing"), "0.1", outdir);
        refuse(1, "manifest.json", Files.createDirectory(folder.resolve("empty")), "0.1", outdir);
        Assertions.assertFalse(Files.exists(outdir));
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
