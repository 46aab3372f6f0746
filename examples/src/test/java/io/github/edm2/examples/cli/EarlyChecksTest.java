package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with a command is said before its work, not after. */
class EarlyChecksTest {

    @TempDir static Path shared;

    private static Path net;
    private static Path images;

    @TempDir Path folder;

    private Path file;

    @BeforeAll
    static void write() throws IOException {
        NetworkOptions options = Preset.of("edm2-16-tiny").network();
        ComputationGraph graph = Edm2.builder().options(options).seed(1).build().init();
        net = shared.resolve("net.zip");
        AtomicFile.write(net, out -> new NetworkFile(options, graph).write(out, false));
        images = TestData.images(shared.resolve("images.zip"));
    }

    @BeforeEach
    void writeFile() throws IOException {
        file = Files.writeString(folder.resolve("file"), "not a folder");
    }

    private static void refuse(int code, String part, Object... args) {
        Cli result = Cli.run(args);
        assertEquals(code, result.code(), result.out() + result.err());
        assertTrue(result.err().contains(part), part + " in: " + result.err());
        assertFalse(result.out().contains("sampling"), result.out());
        assertEquals("", result.out(), "work before the check");
    }

    private static Object[] with(Object[] command, Object... more) {
        return Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray();
    }

    /** The network is missing, too, so that its message would show a later check. */
    @Test
    void whatImagesAreComparedWithIsReadFirst() throws IOException {
        Path nope = folder.resolve("nope.npz");
        Object[] gen = {"metrics", "gen", "--net", folder.resolve("no.zip"), "--seeds", "0-9"};
        refuse(
                1,
                nope + " does not exist; metrics ref makes such a file",
                with(gen, "--ref", nope));
        refuse(1, "There is no " + nope, with(gen, "--real", nope));
        Object[] calc = {"metrics", "calc", "--data", images};
        refuse(1, nope + " does not exist", with(calc, "--ref", nope));
        refuse(1, "There is no " + nope, with(calc, "--real", nope));
        Path other = Files.writeString(folder.resolve("other.npz"), "something else");
        refuse(1, other + " is neither a pickle", with(gen, "--ref", other));
    }

    @Test
    void autoencodersAreCheckedWhenTheyAreOpened() throws URISyntaxException {
        Path encoder =
                Path.of(EarlyChecksTest.class.getResource("/onnx/tiny-vae-encoder.onnx").toURI());
        Path latents = folder.resolve("latents.zip");
        Cli.succeed(
                "dataset", "encode", "--source", rgb(), "--dest", latents, "--encoder", encoder);
        Path dest = folder.resolve("decoded.zip");
        refuse(
                1,
                "tiny-vae-encoder.onnx is no decoder: one input of 4 channels and one output of 3 are expected; give the autoencoder's decoder",
                "dataset",
                "decode",
                "--source",
                latents,
                "--dest",
                dest,
                "--decoder",
                encoder);
        assertFalse(Files.exists(dest));
    }

    private Path rgb() {
        Path large = folder.resolve("large.zip");
        Cli.succeed(
                "dataset", "convert", "--source", images, "--dest", large, "--resolution", "64x64");
        return large;
    }

    /** Every option that names what a command writes. */
    @Test
    void destinationsAreCheckedWithTheOptions() {
        Path below = file.resolve("below");
        String rule = " must be a folder or the path of a new one, got ";
        String why = ", where " + file + " is a file";
        Object[][] folders = {
            {"generate", "--net", net, "--seeds", "0", "--outdir", below},
            {"train", "--data", images, "--outdir", below},
            {"phema", "--indir", folder, "--outstd", "0.1", "--outdir", below},
            {"quickstart", "--outdir", below},
            {"search", "run", "--study", below},
            {"convert", "--from", net, "--to", below.resolve("x.zip")},
            {"dataset", "convert", "--source", images, "--dest", below.resolve("x.zip")},
            {"metrics", "ref", "--data", images, "--dest", below.resolve("x.npz")}
        };
        for (Object[] command : folders) {
            refuse(2, rule + below, command);
            refuse(2, why, command);
        }
        refuse(
                2,
                "--dest must be the path of a file, got " + folder + ", which is a folder",
                "metrics",
                "ref",
                "--data",
                images,
                "--dest",
                folder);
        refuse(
                2,
                "--dest must end with .npz, got \"" + images,
                "metrics",
                "ref",
                "--data",
                images,
                "--dest",
                images);
    }

    @Test
    void imagesThatAreReplacedAreCounted() {
        Object[] command = {"generate", "--net", net, "--steps", 1, "--outdir", folder};
        assertFalse(Cli.succeed(with(command, "--seeds", "0-1")).contains("in place of"));
        String out = Cli.succeed(with(command, "--seeds", "1-3"));
        assertTrue(out.contains("wrote 3 images to " + folder + ", in place of 1 image"), out);
    }

    @Test
    void batchesOfCifarAreAnsweredWithTheCommandThatTakesThem() throws IOException {
        Path batch = Files.write(folder.resolve("data_batch_1.bin"), new byte[3073]);
        for (Path data : new Path[] {folder, batch}) {
            refuse(1, "dataset convert", "train", "--data", data, "--outdir", folder.resolve("r"));
        }
    }
}
