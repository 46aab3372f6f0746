package io.github.edm2.layers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.transferlearning.TransferLearningHelper;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Assertions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** What DL4J's users do with a network: each gives a copy that computes the same. */
enum Verb {
    SET_PARAMS_OF_LAYERS {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            ComputationGraph copy = other(specimen);
            for (int i = 0; i < network.getNumLayers(); i++) {
                if (network.getLayer(i).numParams() > 0) {
                    copy.getLayer(i).setParams(network.getLayer(i).params().dup());
                }
            }
            return copy;
        }
    },
    SET_PARAM_OF_LAYERS {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            ComputationGraph copy = other(specimen);
            for (int i = 0; i < network.getNumLayers(); i++) {
                Layer from = network.getLayer(i);
                Layer to = copy.getLayer(i);
                from.paramTable().forEach((key, value) -> to.setParam(key, value.dup('f')));
            }
            return copy;
        }
    },
    SET_PARAM_TABLE {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            ComputationGraph copy = other(specimen);
            copy.output(batch.getFeatures());
            copy.setParamTable(network.paramTable());
            return copy;
        }
    },
    CLONE {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            return network.clone();
        }
    },
    JSON {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            return configured(
                    network,
                    ComputationGraphConfiguration.fromJson(network.getConfiguration().toJson()));
        }
    },
    YAML {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            return configured(
                    network,
                    ComputationGraphConfiguration.fromYaml(network.getConfiguration().toYaml()));
        }
    },
    MODEL_SERIALIZER {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch)
                throws IOException {
            Path file = Files.createTempFile("network", ".zip");
            try {
                ModelSerializer.writeModel(network, file.toFile(), true);
                return ModelSerializer.restoreComputationGraph(file.toFile(), true);
            } finally {
                Files.delete(file);
            }
        }
    },
    NEW_HEAD {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            return newHead(specimen, new TransferLearning.GraphBuilder(network));
        }
    },
    NEW_HEAD_OF_FROZEN {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            ComputationGraph copy =
                    newHead(
                            specimen,
                            new TransferLearning.GraphBuilder(network)
                                    .setFeatureExtractor(Specimen.OPERATION));
            copy.fit(batch);
            return copy;
        }
    },
    FEATURIZE {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            INDArray expected = network.output(batch.getFeatures())[0];
            ComputationGraph copy = network.clone();
            TransferLearningHelper split = new TransferLearningHelper(copy, Specimen.OPERATION);
            org.nd4j.linalg.dataset.api.MultiDataSet features = split.featurize(batch);
            Assertions.assertEquals(
                    expected, split.outputFromFeaturized(features.getFeatures())[0]);
            return network;
        }
    },
    EARLY_STOPPING {
        @Override
        ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch) {
            SingletonMultiDataSetIterator data = new SingletonMultiDataSetIterator(batch);
            EarlyStoppingConfiguration<ComputationGraph> configuration =
                    new EarlyStoppingConfiguration.Builder<ComputationGraph>()
                            .epochTerminationConditions(new MaxEpochsTerminationCondition(1))
                            .scoreCalculator(new DataSetLossCalculator(data, true))
                            .modelSaver(new InMemoryModelSaver<>())
                            .build();
            return new EarlyStoppingGraphTrainer(configuration, network, data, null)
                    .fit()
                    .getBestModel();
        }
    };

    /** A copy, or the network itself where the verb has checked a copy. */
    abstract ComputationGraph copy(Specimen specimen, ComputationGraph network, MultiDataSet batch)
            throws IOException;

    static FineTuneConfiguration fineTuning() {
        return new FineTuneConfiguration.Builder().updater(new Sgd(0)).seed(3).build();
    }

    private static ComputationGraph newHead(
            Specimen specimen, TransferLearning.GraphBuilder transfer) {
        return transfer.fineTuneConfiguration(fineTuning())
                .removeVertexAndConnections("loss")
                .addLayer("head", specimen.loss(specimen.operation().get()), Specimen.OPERATION)
                .setOutputs("head")
                .build();
    }

    private static ComputationGraph configured(
            ComputationGraph network, ComputationGraphConfiguration configuration) {
        ComputationGraph copy = new ComputationGraph(configuration);
        copy.init(network.params(), true);
        return copy;
    }

    /** The same network with other parameters. */
    private static ComputationGraph other(Specimen specimen) {
        ComputationGraph other =
                specimen.network(DataType.FLOAT, WorkspaceMode.ENABLED, new Adam(.01), true);
        other.setParams(other.params().mul(.5).addi(.1));
        return other;
    }
}
