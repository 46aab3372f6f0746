package io.github.edm2.examples.cli;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Drawing images from the command line. */
class GenerateCommandTest {

    private static final int CLASSES = 5;

    @TempDir static Path shared;

    private static Path net;
    private static Path unconditional;

    @TempDir Path folder;

    @BeforeAll
    static void writeNetworks() throws IOException {
        net = network("net.zip", 8, CLASSES);
        unconditional = network("unconditional.zip", 8, 0);
    }

    /** A network with attention whose gains are not 0 any more, as if it had been trained. */
    private static Path network(String name, int size, int classes) throws IOException {
        NetworkOptions options =
                NetworkOptions.builder()
                        .imgResolution(size)
                        .imgChannels(3)
                        .labelDim(classes)
                        .modelChannels(16)
                        .channelMult(new int[] {1, 2})
                        .numBlocks(1)
                        .attnResolutions(new int[] {8, 4})
                        .channelsPerHead(8)
                        .logvarChannels(16)
                        .build();
        ComputationGraph graph = Edm2.builder().options(options).seed(7).build().init();
        graph.paramTable()
                .forEach(
                        (key, value) -> {
                            if (key.endsWith("_gain")) {
                                value.assign(0.7);
                            }
                        });
        Path file = shared.resolve(name);
        try (OutputStream out = Files.newOutputStream(file)) {
            new NetworkFile(options, graph).write(out, false);
        }
        return file;
    }

    private Map<String, Integer> generate(String name, Object... more) throws IOException {
        Path outdir = folder.resolve(name);
        Object[] args = {"generate", "--net", net, "--outdir", outdir, "--steps", 3};
        Cli.succeed(with(args, more));
        return TestData.contents(outdir);
    }

    @Test
    void batchSizeDoesNotChangeABit() throws IOException {
        Map<String, Integer> one = generate("1", "--seeds", "0-7", "--batch", 1);
        Assertions.assertEquals(8, one.size());
        Assertions.assertEquals(8, one.values().stream().distinct().count());
        Assertions.assertEquals(one, generate("3", "--seeds", "0-7", "--batch", 3));
        Assertions.assertEquals(one, generate("8", "--seeds", "0-7", "--batch", 8));
        Assertions.assertEquals(one, generate("9", "--seeds", "7,0-6"));
    }

    @Test
    void batchSizeDoesNotChangeStochasticGuidedSamplesEither() throws IOException {
        Object[] common = {
            "--S_churn", 2, "--gnet", unconditional, "--guidance", 2, "--seeds", "3-6"
        };
        Map<String, Integer> one = generate("1", with(common, "--batch", 1));
        Assertions.assertEquals(one, generate("3", with(common, "--batch", 3)));
        Assertions.assertNotEquals(one, generate("plain", "--seeds", "3-6"));
    }

    private static Object[] with(Object[] args, Object... more) {
        Object[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return all;
    }

    @Test
    void subfoldersHoldAThousandSeedsEach() throws IOException {
        Assertions.assertEquals(
                Set.of("000000/000999.png", "001000/001000.png"),
                generate("x", "--seeds", "999,1000", "--subdirs", "--class", 2).keySet());
    }

    @Test
    void wrongValuesAreRefusedBeforeAnythingIsWritten() {
        refuse(2, "--guidance other than 1 needs --gnet", "--guidance", 2);
        refuse(2, "--guidance must be a number", "--guidance", "NaN", "--gnet", unconditional);
        refuse(2, "--sigma_min must be below --sigma_max 80.0, got 90.0", "--sigma_min", 90);
        refuse(2, "--rho must be a number above 0", "--rho", 0);
        refuse(2, "--S_min must be at most --S_max 1.0, got 2.0", "--S_min", 2, "--S_max", 1);
        refuse(2, "--S_churn must be a number from 0", "--S_churn", -1);
        refuse(2, "--steps must be a whole number", "--steps", 0);
        refuse(2, "--seeds is given 2 times", "--seeds", "5");
        refuse(2, "--class must be from 0 to 4", "--class", 5);
    }

    private void refuse(int code, String part, Object... more) {
        Path outdir = folder.resolve("none");
        Object[] args = {"generate", "--net", net, "--outdir", outdir, "--seeds", "0"};
        Cli.fail(code, new String[] {part}, with(args, more));
        Assertions.assertFalse(Files.exists(outdir));
    }

    @Test
    void guideMustMatch() throws IOException {
        refuse(1, "--gnet makes images", "--gnet", network("large.zip", 16, 0), "--guidance", 2);
        refuse(1, "--gnet has 4 classes", "--gnet", network("four.zip", 8, 4), "--guidance", 2);
    }

    @Test
    void otherFilesAreNoNetworks() throws IOException {
        Path text = Files.writeString(folder.resolve("text.zip"), "no archive");
        Path other = TestData.images(folder.resolve("images.zip"));
        Path damaged = Files.copy(net, folder.resolve("damaged.zip"));
        TestData.damage(damaged);
        Path cut = folder.resolve("cut.zip");
        byte[] bytes = Files.readAllBytes(net);
        Files.write(cut, Arrays.copyOf(bytes, bytes.length / 2));
        refuseNetwork(text, "is no network file");
        refuseNetwork(other, "none that PyTorch or this project wrote");
        refuseNetwork(damaged, "cannot be read as a network");
        refuseNetwork(cut, "cannot be read as a network");
        refuseNetwork(folder.resolve("missing.zip"), "There is no network file");
        refuseNetwork(folder, "There is no network file");
    }

    private void refuseNetwork(Path file, String part) {
        Path outdir = folder.resolve("none");
        String[] parts = {file.toString(), part};
        Cli.fail(1, parts, "generate", "--net", file, "--outdir", outdir);
        Assertions.assertFalse(Files.exists(outdir));
    }

    /** A folder in the place of an image fails its write, like a disk without space. */
    @Test
    void failedWriteLeavesNoHalfFile() throws IOException {
        Path outdir = folder.resolve("images");
        Files.createDirectories(outdir.resolve("000001.png/in-the-way"));
        Cli.fail(
                1,
                new String[] {"000001.png"},
                "generate",
                "--net",
                net,
                "--outdir",
                outdir,
                "--seeds",
                "0-2",
                "--steps",
                2);
        Assertions.assertEquals(Set.of("000000.png"), TestData.contents(outdir).keySet());
    }
}
