package io.github.edm2.examples;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Statistics of one set of images score another. */
class MetricsCommandTest {

    private static final int IMAGES = 40;

    @TempDir Path folder;

    private Path images;
    private Path others;

    @BeforeEach
    void writeImages() throws IOException {
        images = images("images.zip", 16, 1);
        others = images("others.zip", 16, 2);
    }

    private Path images(String name, int size, long seed) throws IOException {
        Random random = new Random(seed);
        Map<String, byte[]> entries = new LinkedHashMap<>();
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < IMAGES; i++) {
            String image = "%02d.png".formatted(i);
            entries.put(image, TestData.png(size, random));
            labels.append(i == 0 ? "" : ",").append("[\"%s\", %d]".formatted(image, i % 10));
        }
        entries.put("dataset.json", TestData.json("{\"labels\": [" + labels + "]}"));
        return TestData.zip(folder.resolve(name), entries);
    }

    private Path reference() {
        Path reference = folder.resolve("ref.npz");
        String out = Cli.succeed("metrics", "ref", "--data", images, "--dest", reference);
        Assertions.assertTrue(out.contains("statistics of 40 images"), out);
        return reference;
    }

    private static List<String> lastRow(String out) {
        List<String> lines = out.lines().toList();
        String[] cells = lines.get(lines.size() - 1).split("\\|");
        return Arrays.stream(cells).skip(1).map(String::strip).toList();
    }

    @Test
    void distanceToItselfIsZeroAndToOthersIsNot() {
        Path reference = reference();
        double same = distance(images, reference);
        double other = distance(others, reference);
        Assertions.assertEquals(0, same, 1e-6);
        Assertions.assertTrue(other > 1e-3, "distance " + other);
    }

    private double distance(Path data, Path reference) {
        List<String> row =
                lastRow(Cli.succeed("metrics", "calc", "--data", data, "--ref", reference));
        Assertions.assertEquals(List.of("embedded", "40"), row.subList(0, 2));
        return Double.parseDouble(row.get(2));
    }

    @Test
    void realImagesGiveAllMetrics() {
        String out =
                Cli.succeed(
                        "metrics",
                        "calc",
                        "--data",
                        images,
                        "--real",
                        images,
                        "--labels",
                        "--batch",
                        16);
        Assertions.assertTrue(
                out.contains(
                        "| detector | images | Fréchet distance | kernel distance | precision |"
                                + " recall | density | coverage | named right |"),
                out);
        List<String> row = lastRow(out);
        Assertions.assertEquals(
                List.of("1.000", "1.000"), row.subList(4, 6), "precision and recall of itself");
        Assertions.assertEquals("1.000", row.get(7), "coverage of itself");
        Assertions.assertTrue(row.get(8).endsWith(" %"), out);
    }

    /** The images that generate writes score as those that metrics gen does not write. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void drawnImagesScoreAsWrittenOnes(boolean classes) throws IOException {
        Path network = folder.resolve("network.zip");
        NetworkOptions options =
                Preset.of("edm2-16-tiny").network().toBuilder().labelDim(classes ? 10 : 0).build();
        ComputationGraph graph = Edm2.builder().options(options).seed(1).build().init();
        NetworkFile file = new NetworkFile(options, graph);
        AtomicFile.write(network, stream -> file.write(stream, false));
        Path reference = reference();
        Path drawn = folder.resolve("drawn");
        Cli.succeed(
                "generate", "--net", network, "--outdir", drawn, "--seeds", "0-11", "--steps", 2);
        List<String> written =
                lastRow(Cli.succeed("metrics", "calc", "--data", drawn, "--ref", reference));
        List<String> unwritten =
                lastRow(
                        Cli.succeed(
                                "metrics", "gen", "--net", network, "--ref", reference, "--seeds",
                                "0-11", "--steps", 2, "--batch", 5));
        Assertions.assertEquals("12", unwritten.get(1));
        Assertions.assertEquals(classes ? 4 : 3, unwritten.size(), "named right, with classes");
        Assertions.assertEquals(
                Double.parseDouble(written.get(2)),
                Double.parseDouble(unwritten.get(2)),
                1e-3 * Double.parseDouble(written.get(2)));
    }

    @Test
    void sameCommandWritesTheSameBytes() throws IOException {
        byte[] first = Files.readAllBytes(reference());
        Assertions.assertArrayEquals(first, Files.readAllBytes(reference()));
    }

    @Test
    void sayWhatIsMissingOrWrong() throws IOException {
        Cli.fail(2, new String[] {"--ref or --real"}, "metrics", "calc", "--data", images);
        Cli.fail(
                1,
                new String[] {"multiples of 16", "dataset convert"},
                "metrics",
                "ref",
                "--data",
                images("small.zip", 8, 1),
                "--dest",
                folder.resolve("small.npz"));
        Assertions.assertFalse(Files.exists(folder.resolve("small.npz")));
        Cli.fail(
                1,
                new String[] {"at least 2 images, got 1"},
                "metrics",
                "gen",
                "--net",
                "missing.zip",
                "--real",
                images,
                "--seeds",
                7);
        Path text = Files.writeString(folder.resolve("text.npz"), "no statistics");
        Cli.fail(1, new String[] {"text.npz"}, "metrics", "calc", "--data", images, "--ref", text);
        Cli.fail(
                1,
                new String[] {"missing.onnx"},
                "metrics",
                "ref",
                "--data",
                images,
                "--dest",
                folder.resolve("ref.npz"),
                "--detectors",
                "missing.onnx");
    }
}
