package io.github.edm2.examples.cli;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

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
        return images(name, IMAGES, size, seed);
    }

    private Path images(String name, int count, int size, long seed) throws IOException {
        Random random = new Random(seed);
        Map<String, byte[]> entries = new LinkedHashMap<>();
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < count; i++) {
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
        Assertions.assertEquals(
                classes ? 5 : 4, unwritten.size(), "named right, with classes; and a note");
        Assertions.assertEquals(
                Double.parseDouble(written.get(2)),
                Double.parseDouble(unwritten.get(2)),
                1e-3 * Double.parseDouble(written.get(2)));
    }

    /** Every metric either is a number or says that it is not defined. */
    @ParameterizedTest
    @ValueSource(ints = {2, 5})
    void fewImagesAreToldAndNothingIsNaN(int count) throws IOException {
        Path few = images("few.zip", count, 16, 3);
        for (Path real : new Path[] {images, few}) {
            for (Path data : real == few ? new Path[] {others, few} : new Path[] {few}) {
                String out = Cli.succeed("metrics", "calc", "--data", data, "--real", real);
                Assertions.assertFalse(out.contains("NaN"), out);
                Assertions.assertFalse(out.contains("neighbour"), out);
                List<String> row = lastRow(out);
                Assertions.assertEquals(count < 4, row.get(4).equals("-"), out);
                Assertions.assertEquals(count < 6, row.get(6).equals("-"), out);
                Assertions.assertEquals(
                        data == few, out.contains("only %d images were scored".formatted(count)));
                Assertions.assertEquals(
                        real == few, out.contains("only %d real images".formatted(count)), out);
                Assertions.assertEquals(data == real, row.get(3).endsWith("± -"), row.get(3));
                Assertions.assertTrue(row.get(8).startsWith("few images: "), out);
            }
        }
    }

    @Test
    void statisticsOfFewImagesAreTold() throws IOException {
        String out =
                Cli.succeed(
                        "metrics", "ref", "--data", images, "--dest", folder.resolve("few.npz"));
        Assertions.assertTrue(out.contains("warning: only 40 real images"), out);
    }

    @Test
    void equalImagesHaveNoNaN() throws IOException {
        byte[] image = TestData.png(16, new Random(4));
        Map<String, byte[]> entries = new LinkedHashMap<>();
        for (int i = 0; i < 8; i++) {
            entries.put(i + ".png", image);
        }
        Path equal = TestData.zip(folder.resolve("equal.zip"), entries);
        for (Path real : new Path[] {images, equal}) {
            String out = Cli.succeed("metrics", "calc", "--data", equal, "--real", real);
            Assertions.assertFalse(out.contains("NaN"), out);
        }
    }

    @Test
    void classesOfADatasetAreCounted() {
        Logger logger = (Logger) LoggerFactory.getLogger(ImageDataset.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            reference();
        } finally {
            logger.detachAppender(log);
        }
        String said = log.list.get(0).getFormattedMessage();
        Assertions.assertTrue(said.contains("40 images") && said.contains("10 classes"), said);
    }

    @Test
    void subsetOfImagesComesFromTheSeed() {
        Path reference = reference();
        Object[] command = {"metrics", "calc", "--data", others, "--ref", reference, "--num", 10};
        List<String> first = lastRow(Cli.succeed(command));
        Assertions.assertEquals("10", first.get(1));
        Assertions.assertEquals(first, lastRow(Cli.succeed(command)));
        List<String> other = lastRow(Cli.succeed(with(command, "--seed", 1)));
        Assertions.assertNotEquals(first.get(2), other.get(2));

        Object[] repeated = with(command, "--repeats", 2);
        List<String> lines = Cli.succeed(repeated).lines().toList();
        List<List<String>> rows =
                lines.subList(lines.size() - 4, lines.size()).stream()
                        .map(MetricsCommandTest::lastRow)
                        .toList();
        Assertions.assertEquals(
                List.of("1", "2", "minimum", "range"), rows.stream().map(r -> r.get(1)).toList());
        Assertions.assertEquals(first.get(2), rows.get(0).get(3));
        Assertions.assertEquals(other.get(2), rows.get(1).get(3));
        double a = Double.parseDouble(first.get(2));
        double b = Double.parseDouble(other.get(2));
        String low = a < b ? first.get(2) : other.get(2);
        String high = a < b ? other.get(2) : first.get(2);
        Assertions.assertEquals(low, rows.get(2).get(3));
        Assertions.assertEquals(low + " to " + high, rows.get(3).get(3));
    }

    private static Object[] with(Object[] command, Object... more) {
        return Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray();
    }

    /** A repeat draws the seeds that follow. */
    @Test
    void repeatsOfDrawnImagesUseTheSeedsThatFollow() throws IOException {
        Path network = folder.resolve("network.zip");
        NetworkOptions options = Preset.of("edm2-16-tiny").network();
        ComputationGraph graph = Edm2.builder().options(options).seed(1).build().init();
        NetworkFile file = new NetworkFile(options, graph);
        AtomicFile.write(network, stream -> file.write(stream, false));
        Object[] command = {
            "metrics", "gen", "--net", network, "--ref", reference(), "--steps", 1, "--batch", 3
        };
        List<String> lines =
                Cli.succeed(with(command, "--num", 3, "--repeats", 2)).lines().toList();
        List<String> second = lastRow(lines.get(lines.size() - 3));
        List<String> named = lastRow(Cli.succeed(with(command, "--seeds", "3-5")));
        Assertions.assertEquals(named.get(2), second.get(3));
        Cli.fail(
                2,
                new String[] {"--num must be from 2 to 3, the number of --seeds, got 4"},
                with(command, "--seeds", "3-5", "--num", 4));
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        Object[] command = {"metrics", "calc", "--data", images, "--real", images};
        for (int num : new int[] {1, 41}) {
            Cli.fail(
                    2,
                    new String[] {"--num must be from 2 to 40, the images of --data, got " + num},
                    with(command, "--num", num));
        }
        Cli.fail(2, new String[] {"--repeats needs --num"}, with(command, "--repeats", 3));
        Cli.fail(
                2,
                new String[] {"--repeats must be a whole number from 1"},
                with(command, "--repeats", 0));
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
                2,
                new String[] {"--seeds must be at least 2 images, got 1"},
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
