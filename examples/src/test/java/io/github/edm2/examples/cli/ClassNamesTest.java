package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way of class names from folders of images to the commands that use a network. */
class ClassNamesTest {

    private static final List<String> NAMES = List.of("cat", "dog", "Hot dog");

    @TempDir static Path shared;

    private static Path photos;
    private static Path run;

    @BeforeAll
    static void train() throws IOException {
        photos = shared.resolve("photos");
        Random random = new Random(3);
        for (int i = 0; i < 6; i++) {
            Path file = photos.resolve(NAMES.get(i % 3)).resolve(i + ".png");
            Files.createDirectories(file.getParent());
            Files.write(file, TestData.png(8, random));
        }
        Path data = shared.resolve("data.zip");
        String converted = Cli.succeed("dataset", "convert", "--source", photos, "--dest", data);
        assertTrue(
                converted.contains("6 images of 8x8, 3 classes")
                        && converted.contains("classes: 0 Hot dog, 1 cat, 2 dog (3)"),
                converted);
        run = train("run", data);
    }

    private static Path train(String name, Path data) {
        Path outdir = shared.resolve(name);
        Cli.succeed(
                "train",
                "--outdir",
                outdir,
                "--data",
                data,
                "--preset",
                "edm2-16-tiny",
                "--channels",
                16,
                "--duration",
                8,
                "--batch",
                4,
                "--snapshot",
                4);
        return outdir;
    }

    private static void assertShown(Path network) {
        String info = Cli.succeed("info", network);
        assertTrue(info.contains("3 classes"), info);
        assertTrue(info.contains("classes: 0 Hot dog, 1 cat, 2 dog"), info);
        assertEquals(List.of("Hot dog", "cat", "dog"), Edm2.read(network).classNames());
    }

    @Test
    void namesGoFromTheDataThroughEveryNetworkFile() throws IOException {
        assertShown(run.resolve("network.zip"));
        Path averages = shared.resolve("averages");
        Cli.succeed("phema", "--indir", run, "--outstd", "0.10", "--outdir", averages);
        Path average;
        try (Stream<Path> files = Files.list(averages)) {
            average = files.findFirst().orElseThrow();
        }
        assertShown(average);
        Path tensors = shared.resolve("net.safetensors");
        Cli.succeed("convert", "--from", average, "--to", tensors);
        assertShown(tensors);
        Path again = shared.resolve("again.zip");
        Cli.succeed("convert", "--from", tensors, "--to", again);
        assertShown(again);
    }

    @Test
    void classFoldersAreLabelsWithoutAConversionToo() throws IOException {
        Path direct = train("direct", photos);
        assertShown(direct.resolve("network.zip"));
        Path bare = shared.resolve("bare");
        Cli.succeed(
                "train",
                "--outdir",
                bare,
                "--data",
                photos,
                "--cond=false",
                "--preset",
                "edm2-16-tiny",
                "--channels",
                16,
                "--duration",
                4,
                "--batch",
                4);
        String info = Cli.succeed("info", bare.resolve("network.zip"));
        assertTrue(info.contains("0 classes") && !info.contains("cat"), info);
    }

    @Test
    void infoShowsTheClassesOfADataset() {
        for (Path dataset : List.of(photos, shared.resolve("data.zip"))) {
            String info = Cli.succeed("info", dataset);
            assertTrue(info.contains("6 images of 8x8") && info.contains("3 classes"), info);
            assertTrue(info.contains("classes: 0 Hot dog, 1 cat, 2 dog"), info);
        }
    }

    private static String generate(Object drawn, String outdir) {
        return Cli.succeed(
                "generate",
                "--net",
                run.resolve("network.zip"),
                "--outdir",
                shared.resolve(outdir),
                "--seeds",
                "5",
                "--steps",
                2,
                "--class",
                drawn);
    }

    @Test
    void aClassIsANumberOrAName() throws IOException {
        String out = generate("dog", "name");
        assertTrue(out.contains("class 2: dog"), out);
        assertTrue(out.contains("wrote 1 image to"), out);
        generate(2, "number");
        generate("DOG", "upper");
        assertEquals(
                TestData.contents(shared.resolve("name")),
                TestData.contents(shared.resolve("number")));
        assertEquals(
                TestData.contents(shared.resolve("name")),
                TestData.contents(shared.resolve("upper")));
    }

    @Test
    void anUnknownClassIsAnsweredWithTheNearest() {
        for (String wrong : List.of("dgo", "3")) {
            Cli.fail(
                    2,
                    new String[] {"--class must be from 0 to 2", wrong, "nearest are", "dog"},
                    "generate",
                    "--net",
                    run.resolve("network.zip"),
                    "--outdir",
                    shared.resolve("none"),
                    "--class",
                    wrong);
        }
    }
}
