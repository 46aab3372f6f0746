package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** From Java to the command line and back: networks that a program wrote. */
class NetworksFromJavaTest {

    @TempDir Path folder;

    /** Options in the form in which they are found again. */
    static Stream<NetworkOptions> options() {
        NetworkOptions tiny =
                NetworkOptions.builder()
                        .imgResolution(8)
                        .imgChannels(3)
                        .labelDim(2)
                        .modelChannels(4)
                        .channelMult(new int[] {1, 2})
                        .numBlocks(1)
                        .attnResolutions(new int[] {4})
                        .channelsPerHead(4)
                        .logvarChannels(8)
                        .build();
        return Stream.of(
                tiny,
                tiny.toBuilder()
                        .labelDim(0)
                        .numBlocks(0)
                        .attnResolutions(new int[0])
                        .clipAct(null)
                        .concatBalance(.25)
                        .resBalance(1)
                        .dropout(.1)
                        .channelsPerHead(64)
                        .build(),
                tiny.toBuilder()
                        .channelMult(new int[] {3, 1, 2})
                        .channelMultNoise(5)
                        .channelMultEmb(1)
                        .labelBalance(.75)
                        .attnBalance(.1)
                        .resampleFilter(new double[] {1, 3, 3, 1})
                        .sigmaData(1.5)
                        .attnResolutions(new int[] {8, 2})
                        .clipAct(3.0)
                        .build());
    }

    @ParameterizedTest
    @MethodSource("options")
    void aWrittenNetworkIsReadAgain(NetworkOptions options) {
        ComputationGraph network = network(options, DataType.FLOAT);
        Path file = folder.resolve("net.zip");
        Edm2.write(network, file);
        NetworkFile read = Edm2.read(file);
        assertEquals(options, read.options());
        assertEquals(denoised(network), denoised(read.graph()));
    }

    @ParameterizedTest
    @MethodSource("options")
    void everyCommandTakesAnArchiveOfModelSerializer(NetworkOptions options) throws IOException {
        ComputationGraph network = network(options, DataType.FLOAT);
        Path plain = folder.resolve("plain.zip");
        ModelSerializer.writeModel(network, plain.toFile(), true);
        assertEquals(options, Edm2.readOptions(plain));
        assertTrue(Cli.succeed("info", plain).contains("3 channels at 8x8"));
        Path written = folder.resolve("written.zip");
        Edm2.write(network, written);
        assertEquals(images(written), images(plain));
        Cli.succeed("convert", "--from", plain, "--to", folder.resolve("net.safetensors"));
        assertEquals(options, Edm2.readOptions(folder.resolve("net.safetensors")));
    }

    @Test
    void doublePrecisionIsTaken() throws IOException {
        NetworkOptions options = options().findFirst().orElseThrow();
        Path file = folder.resolve("double.zip");
        Edm2.write(network(options, DataType.DOUBLE), file);
        assertEquals(DataType.DOUBLE, Edm2.read(file).graph().params().dataType());
        assertEquals(2, images(file).size());
    }

    @Test
    void frozenLayersAreTakenAsTheyAre() throws IOException {
        ComputationGraph network = network(options().findFirst().orElseThrow(), DataType.FLOAT);
        ComputationGraph frozen =
                new TransferLearning.GraphBuilder(network)
                        .fineTuneConfiguration(
                                new FineTuneConfiguration.Builder().updater(new Sgd(0)).build())
                        .setFeatureExtractor("unet.enc.4x4_block0.clip")
                        .build();
        Path file = folder.resolve("frozen.zip");
        Edm2.write(frozen, file);
        assertEquals(denoised(network), denoised(Edm2.read(file).graph()));
        assertEquals(2, images(file).size());
        Path plain = folder.resolve("plain.zip");
        ModelSerializer.writeModel(frozen, plain.toFile(), true);
        assertEquals(images(file), images(plain));
    }

    @Test
    void otherNetworksAreRefused() throws IOException {
        MultiLayerNetwork classifier =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list()
                                .layer(new OutputLayer.Builder().nIn(3).nOut(2).build())
                                .build());
        classifier.init();
        Path file = folder.resolve("other.zip");
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Edm2.write(classifier.toComputationGraph(), file))
                        .getMessage();
        assertEquals(
                "Cannot write %s: the graph has no layer of an EDM2 network; give a network that Edm2 made, and write others with ModelSerializer"
                        .formatted(file),
                message);
        assertFalse(Files.exists(file));
        ModelSerializer.writeModel(classifier.toComputationGraph(), file.toFile(), false);
        Cli.fail(1, new String[] {"other.zip", "EDM2", "Edm2.write"}, "info", file);
        ModelSerializer.writeModel(classifier, file.toFile(), false);
        Cli.fail(1, new String[] {"other.zip", "EDM2"}, "info", file);
    }

    private java.util.Map<String, Integer> images(Path net) throws IOException {
        Path outdir = folder.resolve("images of " + net.getFileName());
        Cli.succeed("generate", "--net", net, "--seeds", "0-1", "--steps", 2, "--outdir", outdir);
        return TestData.contents(outdir);
    }

    private static ComputationGraph network(NetworkOptions options, DataType type) {
        ComputationGraph network =
                Edm2.builder().options(options).dataType(type).seed(7).build().init();
        network.params().addi(.1); // gains that start at 0 hide what is behind them
        return network;
    }

    private static INDArray denoised(ComputationGraph network) {
        Nd4j.getRandom().setSeed(3);
        return Denoiser.of(network, null).denoise(Nd4j.randn(DataType.FLOAT, 2, 3, 8, 8), .5);
    }
}
