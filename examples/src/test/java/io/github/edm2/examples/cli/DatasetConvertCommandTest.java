package io.github.edm2.examples.cli;

import io.github.edm2.models.data.ConversionOptions;
import io.github.edm2.models.data.DatasetConverter;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageTransform;
import io.github.edm2.models.data.Resolution;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code edm2 dataset convert} as a user meets it, and commands of two words. */
class DatasetConvertCommandTest {

    private static final int IMAGES = 8;

    @TempDir Path folder;

    private Path source;
    private Path dest;

    @BeforeEach
    void makeImages() throws IOException {
        source = folder.resolve("source");
        dest = folder.resolve("data.zip");
        for (int i = 0; i < IMAGES; i++) {
            Path file = source.resolve("class" + i % 2).resolve(i + ".png");
            Files.createDirectories(file.getParent());
            Files.write(file, TestData.png(20, new Random(i)));
        }
    }

    private String convert(Object... more) {
        return Cli.succeed(with(more));
    }

    private Object[] with(Object... more) {
        Object[] command = {"dataset", "convert", "--source", source, "--dest", dest};
        return Stream.concat(Stream.of(command), Stream.of(more)).toArray();
    }

    private void fail(int code, String part, Object... more) throws IOException {
        Cli.fail(code, new String[] {"edm2 dataset convert: ", part}, with(more));
        try (Stream<Path> left = Files.list(folder)) {
            Assertions.assertTrue(left.noneMatch(file -> file.toString().contains("data.zip")));
        }
    }

    @Test
    void photographsOnTheirSideAreMentioned() throws IOException {
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB), "jpg", jpeg);
        byte[] exif =
                HexFormat.of()
                        .parseHex(
                                "ffe100224578696600004d4d002a00000008"
                                        + "000101120003000000010006000000000000");
        ByteArrayOutputStream turned = new ByteArrayOutputStream();
        turned.write(jpeg.toByteArray(), 0, 2);
        turned.write(exif);
        turned.write(jpeg.toByteArray(), 2, jpeg.size() - 2);
        Files.write(source.resolve("class0").resolve("a.jpg"), turned.toByteArray());
        Object[] fit = {"--transform", "center-crop", "--resolution", "16x16"};
        String told = "1 image has an EXIF orientation; --upright turns it";
        String out = convert(fit);
        Assertions.assertTrue(out.contains(told), out);
        String upright =
                convert(Stream.concat(Stream.of(fit), Stream.of("--upright", "--force")).toArray());
        Assertions.assertFalse(upright.contains(told), upright);
    }

    @Test
    void imagesBecomeADatasetThatTrains() {
        String out = convert("--transform", "center-crop", "--resolution", "16x16");
        Assertions.assertTrue(out.contains("8 images of 16x16, 2 classes"), out);
        try (ImageDataset dataset = ImageDataset.open(dest, true)) {
            Assertions.assertEquals(1, dataset.label(IMAGES - 1));
        }
        Path run = folder.resolve("run");
        Object[] train = {
            "train",
            "--outdir",
            run,
            "--data",
            dest,
            "--preset",
            "edm2-16-tiny",
            "--batch",
            4,
            "--duration",
            8
        };
        Cli.succeed(train);
        Assertions.assertTrue(Files.exists(run.resolve(TrainingRun.NETWORK)));
    }

    @Test
    void existingDestinationStaysUnlessForced() throws IOException {
        Files.writeString(dest, "precious");
        Object[] options = with("--resolution", "16x16");
        Cli.fail(1, new String[] {"data.zip exists", "--force"}, options);
        Assertions.assertEquals("precious", Files.readString(dest));
        convert("--resolution", "16x16", "--force");
        Assertions.assertTrue(Files.size(dest) > IMAGES * 16 * 16 * 3);
    }

    /** Stops as if the program had ended there. */
    private static final class Interruption extends RuntimeException
            implements DatasetConverter.Progress {

        private static final long serialVersionUID = 1L;

        @Override
        public void resumed(int done, int total) {}

        @Override
        public void restarted() {}

        @Override
        public void update(int done, int total) {
            if (done == IMAGES / 2) {
                throw this;
            }
        }

        @Override
        public void unreadable(String message) {}
    }

    private void interrupt(int side) {
        ConversionOptions options =
                new ConversionOptions(
                        ImageTransform.NONE,
                        new Resolution(side, side),
                        Integer.MAX_VALUE,
                        false,
                        false,
                        false);
        Interruption interruption = new Interruption();
        Assertions.assertThrows(
                Interruption.class,
                () -> DatasetConverter.convert(source, dest, options, interruption));
        Assertions.assertFalse(Files.exists(dest));
    }

    @Test
    void interruptedConversionIsContinuedByTheSameCommand() throws IOException {
        convert("--resolution", "16x16");
        byte[] expected = Files.readAllBytes(dest);
        Files.delete(dest);
        interrupt(16);
        String out = convert("--resolution", "16x16");
        Assertions.assertTrue(out.contains("continues after 4 of 8 images"), out);
        Assertions.assertArrayEquals(expected, Files.readAllBytes(dest));
        Files.delete(dest);
        interrupt(8);
        Assertions.assertTrue(convert("--resolution", "16x16").contains("starts anew"));
        Assertions.assertArrayEquals(expected, Files.readAllBytes(dest));
    }

    @Test
    void unreadableImageIsNamedAndSkippedIfAskedFor() throws IOException {
        Files.writeString(source.resolve("class0/0.png"), "text");
        fail(1, "1 of 8 images cannot be read", "--resolution", "16x16");
        String out = convert("--resolution", "16x16", "--skip-bad", "--max-images", 5);
        Assertions.assertTrue(out.contains("unreadable: " + source.resolve("class0/0.png")), out);
        Assertions.assertTrue(out.contains("4 images of 16x16"), out);
        Assertions.assertTrue(out.contains("left out as unreadable: 1"), out);
    }

    @Test
    void wrongOptionsFailBeforeAnythingIsWritten() throws IOException {
        fail(2, "--resolution must be width and height such as 64x64", "--resolution", "64");
        fail(2, "one of none, center-crop, ", "--transform", "crop");
        fail(2, "center-crop needs a resolution", "--transform", "center-crop");
        fail(2, "power of two", "--resolution", "20x20");
        fail(1, "is 20x20");
        source = folder.resolve("missing");
        fail(1, "There is no " + source.toAbsolutePath());
        dest = folder.resolve("data.tar");
        Cli.fail(2, new String[] {"--dest must end with .zip"}, with());
    }

    @Test
    void commandsOfTwoWordsHaveHelp() {
        Assertions.assertTrue(Cli.succeed("--help").contains("  dataset convert  "));
        Assertions.assertTrue(
                Cli.succeed("dataset", "convert", "--help")
                        .contains("usage: edm2 dataset convert [OPTIONS]"));
        Assertions.assertTrue(Cli.succeed("dataset", "--help").contains("dataset convert"));
        Cli alone = Cli.run("dataset");
        Assertions.assertEquals(2, alone.code());
        Assertions.assertTrue(alone.out().contains("dataset convert"), alone.out());
        Assertions.assertFalse(alone.out().contains("phema"), alone.out());
    }

    @ParameterizedTest
    @CsvSource({
        "dataset, convrt, did you mean dataset convert?",
        "datset, convert, did you mean dataset convert?",
        "datset, --help, did you mean dataset?",
        "trian, --help, did you mean train?",
        "dataset, x, the commands are dataset convert"
    })
    void wrongWordsNameWhatMayBeMeant(String first, String second, String expected) {
        Cli.fail(2, new String[] {"there is no command", expected}, first, second);
    }
}
