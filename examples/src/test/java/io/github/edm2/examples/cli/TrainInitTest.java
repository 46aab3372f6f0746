package io.github.edm2.examples.cli;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Fine-tuning: a training that starts from a network file. */
class TrainInitTest {

    private static final String LABEL_WEIGHT = "unet.emb_label.weight";

    @TempDir static Path shared;

    private static Path data;

    @TempDir Path folder;

    @BeforeAll
    static void writeData() throws IOException {
        data = TestData.images(shared.resolve("data.zip"));
    }

    /** Another network than that of any preset, with other gains than a fresh one. */
    private static Path network(String name, int size, int channels, int classes)
            throws IOException {
        return network(name, size, channels, classes, List.of());
    }

    private static Path network(
            String name, int size, int channels, int classes, List<String> classNames)
            throws IOException {
        NetworkOptions options =
                NetworkOptions.builder()
                        .imgResolution(size)
                        .imgChannels(channels)
                        .labelDim(classes)
                        .modelChannels(8)
                        .channelMult(new int[] {1, 2})
                        .numBlocks(1)
                        .attnResolutions(new int[] {4})
                        .channelsPerHead(8)
                        .logvarChannels(16)
                        .build();
        NetworkFile network =
                new NetworkFile(
                        options,
                        Edm2.builder().options(options).seed(99).build().init(),
                        classNames);
        network.graph()
                .paramTable()
                .forEach(
                        (key, value) -> {
                            if (key.endsWith("_gain")) {
                                value.assign(0.7);
                            }
                        });
        Path file = shared.resolve(name);
        NetworkType.of(file).write(file, network);
        return file;
    }

    private Object[] train(Path init, int duration, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", "--outdir", folder.resolve("run")));
        args.addAll(List.of("--data", data, "--init", init, "--duration", duration));
        args.addAll(List.of("--preset", "edm2-16-tiny", "--batch", 4));
        args.addAll(Arrays.asList(more));
        return args.toArray();
    }

    /** What is in the run's folder at image 0: something in the way fails the first checkpoint. */
    private Map<String, INDArray> weightsAtStart(Path init) throws IOException {
        Path obstacle = folder.resolve("run/checkpoints");
        Files.createDirectories(obstacle.getParent());
        Files.writeString(obstacle, "");
        Cli.fail(1, new String[] {"checkpoints"}, train(init, 4));
        Files.delete(obstacle);
        return StateDict.of(Edm2.read(folder.resolve("run/network.zip")).graph());
    }

    /** One weight in the middle of the network spoils its layer and all that follow. */
    @ParameterizedTest
    @ValueSource(strings = {"unet.enc.4x4_block0.conv_res1", "unet.dec.8x8_block0.conv_skip"})
    void theLayerWithAWeightThatIsNotFiniteIsNamed(String layer) throws IOException {
        Path init = network("bad.zip", TestData.SIZE, 3, TestData.CLASSES);
        NetworkFile network = Edm2.read(init);
        network.graph().getParam(layer + "_W").putScalar(0, Float.NaN);
        NetworkType.of(init).write(init, network);
        String[] parts = {
            "training stopped after 20 images: the loss is not a number (NaN) in 5 steps in a row; ",
            "the first layer with an output that is not finite is " + layer + "; ",
            "there is no good checkpoint yet"
        };
        Cli.fail(1, parts, train(init, 400));
    }

    @ParameterizedTest
    @ValueSource(strings = {"same.zip", "same.safetensors"})
    void startsFromTheWeightsOfTheFile(String name) throws IOException {
        Path init = network(name, TestData.SIZE, 3, TestData.CLASSES);
        Assertions.assertEquals(StateDict.of(Edm2.read(init).graph()), weightsAtStart(init));
        String out = Cli.succeed(train(init, 4));
        Assertions.assertTrue(out.contains("starts from the weights of " + init), out);
        Assertions.assertTrue(
                Files.readString(folder.resolve("run/log.txt")).contains("starts from the weights"),
                out);
    }

    @ParameterizedTest
    @CsvSource({"5, it has 5 classes and the data 3", "0, it has no classes and the data 3"})
    void otherClassesGetNewLabelWeights(int classes, String told) throws IOException {
        Path init = network("other%d.zip".formatted(classes), TestData.SIZE, 3, classes);
        Map<String, INDArray> kept = new HashMap<>(StateDict.of(Edm2.read(init).graph()));
        Map<String, INDArray> start = new HashMap<>(weightsAtStart(init));
        Assertions.assertEquals(TestData.CLASSES, start.remove(LABEL_WEIGHT).size(1));
        kept.remove(LABEL_WEIGHT);
        Assertions.assertEquals(kept, start);
        String out = Cli.succeed(train(init, 4));
        String line =
                out.lines().filter(l -> l.contains("label weights are new")).findFirst().get();
        Assertions.assertTrue(line.contains(told), line);
    }

    @Test
    void classesOfOtherNamesGetNewLabelWeights() throws IOException {
        Path init = network("named.zip", TestData.SIZE, 3, 3, List.of("ant", "bee", "cat"));
        Map<String, byte[]> entries = TestData.entries();
        String json = new String(entries.get("dataset.json"), StandardCharsets.UTF_8);
        Object[] train = train(init, 4, "--dry-run");
        for (String names : List.of("[\"ant\",\"bee\",\"cat\"]", "[\"dog\",\"bee\",\"cat\"]")) {
            entries.put(
                    "dataset.json",
                    TestData.json(json.replaceFirst("\\{", "{\"classes\": " + names + ",")));
            train[4] = TestData.zip(folder.resolve("named.zip"), entries);
            String out = Cli.succeed(train);
            Assertions.assertEquals(
                    names.contains("dog"), out.contains("label weights are new"), out);
        }
    }

    @Test
    void labelsCanBeDroppedButNotSilently() throws IOException {
        Path init = network("five.zip", TestData.SIZE, 3, 5);
        Path plain = Files.createDirectory(folder.resolve("plain"));
        Files.write(plain.resolve("a.png"), TestData.png(TestData.SIZE, new java.util.Random(1)));
        Object[] train = train(init, 4);
        train[Arrays.asList(train).indexOf(data)] = plain;
        Cli.fail(1, new String[] {"--init", "5 classes", "no labels", "--cond=false"}, train);
        Assertions.assertFalse(Files.exists(folder.resolve("run")));
        String out = Cli.succeed(train(init, 4, "--cond=false"));
        Assertions.assertTrue(out.contains("without those of its 5 classes"), out);
    }

    @Test
    void theSameCommandContinuesAndAnotherNetworkIsRefused() throws IOException {
        Path init = network("continued.zip", TestData.SIZE, 3, 5);
        Cli.succeed(train(init, 4));
        String out = Cli.succeed(train(init, 8));
        Assertions.assertTrue(out.contains("continues at 4 images"), out);
        Assertions.assertFalse(out.contains("label weights are new"), out);
        Map<String, Integer> before = TestData.contents(folder.resolve("run"));
        Path other = network("another.zip", TestData.SIZE, 3, 4);
        Cli.fail(1, new String[] {"init.file", "continued.zip", "another.zip"}, train(other, 8));
        Object[] fresh = train(init, 8);
        List<Object> without = new ArrayList<>(Arrays.asList(fresh));
        int at = without.indexOf("--init");
        without.subList(at, at + 2).clear();
        Cli.fail(1, new String[] {"holds a run with"}, without.toArray());
        Assertions.assertEquals(before, TestData.contents(folder.resolve("run")));
    }

    @Test
    void presetGivesHyperparametersButNoNetwork() throws IOException {
        Path init = network("small.zip", TestData.SIZE, 3, TestData.CLASSES);
        String out = Cli.succeed(train(init, 4, "--dry-run", "--lr", 0.003));
        Assertions.assertTrue(out.contains("\"modelChannels\" : 8"), out);
        Assertions.assertTrue(out.contains("\"lr\" : 0.003"), out);
        Assertions.assertTrue(out.contains("\"file\" : \"small.zip\""), out);
        Assertions.assertFalse(Files.exists(folder.resolve("run")));
    }

    @Test
    void whatDoesNotFitIsRefusedAndMakesNothing() throws IOException {
        refuse(1, network("large.zip", 16, 3, 3), "--init", "16x16", "8x8", "--resolution 16x16");
        refuse(1, network("grey.zip", TestData.SIZE, 1, 3), "--init", "1 channel", "3 channels");
        refuse(1, data, data.toString());
        refuse(1, folder.resolve("missing.zip"), "missing.zip");
        Path fits = network("fits.zip", TestData.SIZE, 3, 3);
        Cli.fail(2, new String[] {"--channels", "--init"}, train(fits, 4, "--channels", 16));
        Assertions.assertFalse(Files.exists(folder.resolve("run")));
    }

    private void refuse(int code, Path init, String... parts) {
        Cli.fail(code, parts, train(init, 4));
    }
}
