package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Datasets whose labels are vectors of numbers, as the reference allows. */
class LabelVectorsTest {

    @TempDir Path folder;

    @Test
    void aNetworkIsTrainedWithThemAndDrawnFrom() throws IOException {
        Map<String, byte[]> entries = TestData.entries();
        entries.replace(
                "dataset.json",
                TestData.json(
                        new String(entries.get("dataset.json"), StandardCharsets.UTF_8)
                                .replaceAll(", (\\d)\\]", ", [$1.5, -0.25]]")));
        Path source = TestData.zip(folder.resolve("source.zip"), entries);
        Path data = folder.resolve("data.zip");
        String converted =
                Cli.succeed(
                        "dataset",
                        "convert",
                        "--source",
                        source,
                        "--dest",
                        data,
                        "--resolution",
                        "16x16");
        assertTrue(converted.contains("16x16, label vectors of length 2,"), converted);
        Path run = folder.resolve("run");
        Cli.succeed(
                "train",
                "--outdir",
                run,
                "--data",
                data,
                "--preset",
                "edm2-16-tiny",
                "--channels",
                16,
                "--duration",
                4,
                "--batch",
                4);
        Path net = run.resolve("network.zip");
        assertEquals(2, Edm2.readOptions(net).getLabelDim());
        Path images = folder.resolve("images");
        Cli.succeed("generate", "--net", net, "--outdir", images, "--seeds", "0-1", "--steps", 2);
        assertEquals(2, TestData.contents(images).size());
        Path ref = folder.resolve("ref.npz");
        Cli.succeed("metrics", "ref", "--data", data, "--dest", ref);
        Cli.fail(
                1,
                new String[] {"--labels needs classes", "data.zip are vectors"},
                "metrics",
                "calc",
                "--data",
                data,
                "--ref",
                ref,
                "--labels");
    }
}
