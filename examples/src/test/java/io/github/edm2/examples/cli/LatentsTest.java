package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.edm2.models.data.ImageDataset;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import onnx.Onnx;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.ByteString;
import org.slf4j.LoggerFactory;

/** From images to latents, a network of latents, and back to images. */
class LatentsTest {

    @TempDir Path folder;

    private Path images;

    @BeforeEach
    void writeImages() throws IOException {
        Random random = new Random(3);
        Map<String, byte[]> entries = new LinkedHashMap<>();
        for (int i = 0; i < 5; i++) {
            entries.put("image%d.png".formatted(i), TestData.png(64, random));
        }
        entries.put(
                "dataset.json",
                TestData.json(
                        "{\"labels\": [[\"image0.png\", 0], [\"image1.png\", 1], [\"image2.png\", 2], [\"image3.png\", 0], [\"image4.png\", 1]], \"classes\": [\"cat\", \"dog\", \"fox\"]}"));
        images = TestData.zip(folder.resolve("images.zip"), entries);
    }

    private static Path onnx(String name) {
        try {
            return Path.of(LatentsTest.class.getResource("/onnx/" + name + ".onnx").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path encode(String name, Object... more) {
        Path dest = folder.resolve(name);
        List<Object> args =
                new ArrayList<>(List.of("dataset", "encode", "--source", images, "--dest", dest));
        args.addAll(List.of("--encoder", onnx("tiny-vae-encoder"), "--threads", 1));
        args.addAll(List.of(more));
        Cli.succeed(args.toArray());
        return dest;
    }

    private static Object[] train(Path latents, Path outdir, int duration) {
        List<Object> args = new ArrayList<>(List.of("train", "--data", latents, "--cond"));
        args.addAll(
                List.of("--outdir", outdir, "--preset", "edm2-16-tiny", "--duration", duration));
        args.addAll(List.of("--batch", 4, "--batch-gpu", 2, "--checkpoint", 8, "--snapshot", 8));
        return args.toArray();
    }

    @Test
    void labelsStayUnlessTheUserSaysOtherwise() {
        try (ImageDataset latents = ImageDataset.open(encode("plain.zip", "--cond=false"))) {
            assertFalse(latents.isConditional());
        }
    }

    @Test
    void classNamesStay() {
        try (ImageDataset latents = ImageDataset.open(encode("named.zip"))) {
            assertEquals(List.of("cat", "dog", "fox"), latents.classNames());
        }
    }

    @Test
    void aDatasetOfLatentsIsDecodedToImagesWithTheirLabels() throws IOException {
        Path latents = encode("latents.zip");
        Path decoded = decode(latents, "decoded.zip", 8);
        assertArrayEquals(
                Files.readAllBytes(decoded), Files.readAllBytes(decode(latents, "by-two.zip", 2)));
        try (ImageDataset dataset = ImageDataset.open(decoded)) {
            assertEquals(5, dataset.count());
            assertEquals("64x64 (height x width) with 3 channels", dataset.shape().toString());
            assertEquals(List.of("cat", "dog", "fox"), dataset.classNames());
            assertEquals(2, dataset.label(2));
        }
        Cli.fail(
                1,
                new String[] {"images.zip holds images", "--source must hold latents"},
                "dataset",
                "decode",
                "--source",
                images,
                "--dest",
                folder.resolve("none.zip"),
                "--decoder",
                onnx("tiny-vae-decoder"));
        assertFalse(Files.exists(folder.resolve("none.zip")));
    }

    @Test
    void infoSaysOnceWhatADatasetHolds() {
        Path latents = encode("latents.zip");
        Logger logger = (Logger) LoggerFactory.getLogger(ImageDataset.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            String info = Cli.succeed("info", latents);
            assertEquals(List.of(), log.list);
            String expected =
                    latents
                            + ": latents of 5 images of 8x8 (height x width) with 4 channels, 3 classes";
            assertEquals(List.of(expected, "classes: 0 cat, 1 dog, 2 fox"), info.lines().toList());
            ImageDataset.open(latents).close();
            assertEquals(expected, log.list.get(0).getFormattedMessage());
        } finally {
            logger.detachAppender(log);
        }
    }

    private Path decode(Path latents, String name, int batch) {
        Path dest = folder.resolve(name);
        Cli.succeed(
                "dataset",
                "decode",
                "--source",
                latents,
                "--dest",
                dest,
                "--decoder",
                onnx("tiny-vae-decoder"),
                "--batch",
                batch);
        return dest;
    }

    @Test
    void theSameImagesGiveTheSameArchive() throws IOException {
        byte[] first = Files.readAllBytes(encode("a.zip", "--batch", 2));
        assertArrayEquals(first, Files.readAllBytes(encode("b.zip", "--batch", 2)));
    }

    @Test
    void anInterruptedTrainingOnLatentsContinuesBitForBitAndItsImagesAreDecoded()
            throws IOException {
        Path latents = encode("latents.zip");
        Path unbroken = folder.resolve("unbroken");
        Path broken = folder.resolve("broken");
        Cli.succeed(train(latents, unbroken, 16));
        Cli.succeed(train(latents, broken, 8));
        Cli.succeed(train(latents, broken, 16));
        Path net = unbroken.resolve(TrainingRun.NETWORK);
        assertArrayEquals(
                Files.readAllBytes(net), Files.readAllBytes(broken.resolve(TrainingRun.NETWORK)));

        Path drawn = folder.resolve("drawn");
        Object[] generate = {
            "generate",
            "--net",
            net,
            "--seeds",
            "0-2",
            "--steps",
            2,
            "--outdir",
            drawn,
            "--decoder",
            onnx("tiny-vae-decoder")
        };
        Cli.succeed(generate);
        BufferedImage image = ImageIO.read(drawn.resolve("000002.png").toFile());
        assertEquals(64, image.getWidth());
        assertFalse(Files.exists(drawn.resolve("000002.npy")));
    }

    /** A sample of latents is no image. */
    @Test
    void latentsAreNotScored() {
        Path latents = encode("latents.zip");
        Cli.fail(
                1,
                new String[] {"img-mean-std-", "holds latents and no pixels"},
                "metrics",
                "ref",
                "--data",
                latents,
                "--dest",
                folder.resolve("ref.npz"));
        assertFalse(Files.exists(folder.resolve("ref.npz")));
    }

    @Test
    void aFailedEncodingLeavesTheArchiveAsItWas() throws IOException {
        Path dest = Files.writeString(folder.resolve("kept.zip"), "kept");
        Cli.fail(
                1,
                new String[] {
                    "tiny-vae-decoder.onnx is no encoder: one input of 3 channels and one output of 8 are expected"
                },
                "dataset",
                "encode",
                "--source",
                images,
                "--dest",
                dest,
                "--encoder",
                onnx("tiny-vae-decoder"));
        assertEquals("kept", Files.readString(dest));
        try (var files = Files.list(folder)) {
            assertEquals(2, files.count());
        }
    }

    /**
     * A weight so large that an image overflows unless it is black, in the mean or in the logarithm
     * of the variance: the image is named, and nothing is written.
     */
    @ParameterizedTest
    @CsvSource({"0, false", "0, true", "4, true"})
    void anImageWithLatentsThatAreNotFiniteIsNamed(int channel, boolean logVariance)
            throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        for (String name : List.of("black0.png", "black1.png", "bright.png", "black2.png")) {
            Random random = name.startsWith("black") ? new Black() : new Random(3);
            entries.put(name, TestData.png(64, random));
        }
        Path source = TestData.zip(folder.resolve("contrast.zip"), entries);
        Path dest = folder.resolve("none.zip");
        String[] parts = {
            "--encoder gives NaN or infinity for the image", "bright.png", "single precision"
        };
        Cli.fail(
                1,
                parts,
                "dataset",
                "encode",
                "--source",
                source,
                "--dest",
                dest,
                "--encoder",
                overflowing(channel),
                "--log-variance=" + logVariance,
                "--batch",
                3);
        assertFalse(Files.exists(dest));
    }

    /** The encoder with weights for one channel of its output of which a bright image overflows. */
    private Path overflowing(int channel) throws IOException {
        Onnx.ModelProto.Builder model =
                Onnx.ModelProto.parseFrom(Files.readAllBytes(onnx("tiny-vae-encoder"))).toBuilder();
        Onnx.TensorProto.Builder weight = model.getGraphBuilder().getInitializerBuilder(0);
        assertEquals("c.weight", weight.getName());
        byte[] values = weight.getRawData().toByteArray();
        ByteBuffer floats = ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN);
        int perChannel = values.length / (int) weight.getDims(0);
        for (int i = 0; i < perChannel; i += Float.BYTES) {
            floats.putFloat(channel * perChannel + i, Float.MAX_VALUE);
        }
        weight.setRawData(ByteString.copyFrom(values));
        return Files.write(folder.resolve("overflowing.onnx"), model.build().toByteArray());
    }

    /** Draws nothing but zeros. */
    private static final class Black extends Random {
        private static final long serialVersionUID = 1;

        @Override
        protected int next(int bits) {
            return 0;
        }
    }

    @Test
    void aNumberThatIsNotFiniteIsNamedBeforeTraining() throws IOException {
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            Map<String, byte[]> entries = new LinkedHashMap<>();
            for (int i = 0; i < 4; i++) {
                float[] raw = new float[8 * 8 * 8];
                raw[4 * 64 + 9] = i == 2 ? bad : 1;
                entries.put(
                        "a%d.npy".formatted(i),
                        Nd4j.toNpyByteArray(Nd4j.createFromArray(raw).reshape(8, 8, 8)));
            }
            Path latents = TestData.zip(folder.resolve("bad.zip"), entries);
            Path outdir = folder.resolve("bad-run");
            String[] parts = {"a2.npy", "standard deviation", "row 1, column 1", "value " + bad};
            List<Object> args = new ArrayList<>(List.of(train(latents, outdir, 16)));
            args.set(args.indexOf("--cond"), "--cond=false");
            Cli.fail(1, parts, args.toArray());
            assertFalse(Files.exists(outdir));
        }
    }
}
