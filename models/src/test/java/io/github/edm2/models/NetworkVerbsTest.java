package io.github.edm2.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * What DL4J's users do with a network, done with all of EDM2: inputs, preconditioning, loss and
 * outputs included, which the verbs of the single layers do not reach.
 */
class NetworkVerbsTest {

    private static final String EXTRACTOR = "unet.enc.2x2_block0.clip";

    /** Each gives a network that computes the same. */
    private enum Verb {
        CLONE {
            @Override
            ComputationGraph copy(ComputationGraph network) {
                return network.clone();
            }
        },
        JSON {
            @Override
            ComputationGraph copy(ComputationGraph network) {
                return configured(
                        network,
                        ComputationGraphConfiguration.fromJson(
                                network.getConfiguration().toJson()));
            }
        },
        YAML {
            @Override
            ComputationGraph copy(ComputationGraph network) {
                return configured(
                        network,
                        ComputationGraphConfiguration.fromYaml(
                                network.getConfiguration().toYaml()));
            }
        },
        MODEL_SERIALIZER {
            @Override
            ComputationGraph copy(ComputationGraph network) throws IOException {
                ByteArrayOutputStream archive = new ByteArrayOutputStream();
                ModelSerializer.writeModel(network, archive, true);
                return ModelSerializer.restoreComputationGraph(
                        new ByteArrayInputStream(archive.toByteArray()), true);
            }
        },
        FINE_TUNE {
            @Override
            ComputationGraph copy(ComputationGraph network) {
                return transfer(network).build();
            }
        },
        FREEZE {
            @Override
            ComputationGraph copy(ComputationGraph network) {
                return transfer(network).setFeatureExtractor(EXTRACTOR).build();
            }
        };

        abstract ComputationGraph copy(ComputationGraph network) throws IOException;
    }

    private static ComputationGraph configured(
            ComputationGraph network, ComputationGraphConfiguration configuration) {
        ComputationGraph copy = new ComputationGraph(configuration);
        copy.init(network.params(), true);
        return copy;
    }

    private static TransferLearning.GraphBuilder transfer(ComputationGraph network) {
        return new TransferLearning.GraphBuilder(network)
                .fineTuneConfiguration(
                        new FineTuneConfiguration.Builder().updater(new Sgd(.01)).build());
    }

    private static ComputationGraph network() {
        ComputationGraph network = TinyNetwork.builder(DataType.FLOAT, 0).build().init();
        network.params().addi(.1); // gains that start at 0 hide what is behind them
        return network;
    }

    @ParameterizedTest
    @EnumSource(Verb.class)
    void aCopyComputesAndScoresTheSame(Verb verb) throws IOException {
        ComputationGraph network = network();
        MultiDataSet batch = TinyNetwork.batch(DataType.FLOAT, 1);
        ComputationGraph copy = verb.copy(network);
        INDArray[] expected = network.output(batch.getFeatures());
        INDArray[] actual = copy.output(batch.getFeatures());
        assertEquals(expected[0], actual[0], "denoised");
        assertEquals(expected[1], actual[1], "log variance");
        // The fast graph sums in another order than the plain one.
        double score = network.score(batch);
        assertEquals(score, copy.score(batch), 1e-6 * score);
        assertEquals(
                network.getConfiguration().getVertices().keySet(),
                copy.getConfiguration().getVertices().keySet());
    }

    @Test
    void aFrozenPartStaysAndTheRestLearns() throws IOException {
        ComputationGraph network = network();
        ComputationGraph copy = Verb.FREEZE.copy(network);
        copy.fit(TinyNetwork.batch(DataType.FLOAT, 1));
        String frozen = "unet.enc.4x4_conv_W";
        String free = "unet.out_conv_W";
        assertEquals(network.getParam(frozen), copy.getParam(frozen));
        assertNotEquals(network.getParam(free), copy.getParam(free));
    }
}
