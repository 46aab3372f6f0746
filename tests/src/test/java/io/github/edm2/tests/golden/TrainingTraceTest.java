package io.github.edm2.tests.golden;

import io.github.edm2.ema.EmaListener;
import io.github.edm2.ema.Weights;
import io.github.edm2.models.Golden;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import io.github.edm2.models.training.FiniteAdam;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** 24 training steps through graph.fit and the EMA listener follow the reference. */
class TrainingTraceTest {

    /** Relative tolerance after 24 steps. */
    private static final double TRACE = 1e-3;

    @ParameterizedTest
    @EnumSource(
            value = WorkspaceMode.class,
            names = {"NONE", "ENABLED"})
    void trainingFollowsReference(WorkspaceMode mode) {
        Golden golden = Golden.read("training-trace");
        int batch = golden.get("batch").getInt(0);
        LearningRateSchedule schedule =
                new LearningRateSchedule(
                        golden.get("ref_lr").getDouble(0),
                        golden.get("ref_batches").getDouble(0),
                        golden.get("rampup_Mimg").getDouble(0) * 1e6,
                        batch);
        ComputationGraph graph =
                GoldenNetwork.network(
                        GoldenNetwork.builder("training-trace")
                                .updater(new FiniteAdam(schedule))
                                .workspaceMode(mode),
                        golden,
                        "init",
                        "buffer");
        List<Double> losses = new ArrayList<>();
        EmaListener ema = EmaListener.builder().sigmaRel(0.05, 0.10).build();
        graph.setListeners(
                ema,
                new BaseTrainingListener() {
                    @Override
                    public void iterationDone(Model model, int iteration, int epoch) {
                        losses.add(model.score());
                    }
                });
        NoisePreProcessor noise =
                new NoisePreProcessor(
                        golden.get("P_mean").getDouble(0), golden.get("P_std").getDouble(0), 0, 0);
        int steps = golden.get("steps").getInt(0);
        for (int i = 0; i < steps; i++) {
            INDArray images = at(golden.get("in/images"), i);
            INDArray labels = oneHot(at(golden.get("in/labels"), i), 4);
            MultiDataSet data =
                    new MultiDataSet(new INDArray[] {images, labels}, new INDArray[] {images});
            noise.addNoise(
                    data,
                    at(golden.get("in/rnd_normal"), i).reshape(batch, 1),
                    at(golden.get("in/noise"), i));
            graph.fit(data);
            double rate = schedule.valueAt(i, 0);
            Assertions.assertEquals(golden.get("out/lr").getDouble(i), rate, 1e-12, "rate " + i);
            double expected = golden.get("out/loss").getDouble(i);
            Assertions.assertEquals(1, losses.get(i) / expected, TRACE, "loss of step " + i);
        }
        assertState(golden, "final", StateDict.of(graph));
        for (String sigmaRel : List.of("0.050", "0.100")) {
            Weights average = ema.tracker().average(Double.parseDouble(sigmaRel));
            average.applyTo(graph);
            assertState(golden, "ema-" + sigmaRel, StateDict.of(graph));
        }
    }

    private static void assertState(Golden golden, String prefix, Map<String, INDArray> actual) {
        Map<String, INDArray> expected = new TreeMap<>(golden.under(prefix));
        Assertions.assertFalse(expected.isEmpty());
        for (Map.Entry<String, INDArray> e : expected.entrySet()) {
            Golden.assertClose(
                    e.getValue(), actual.get(e.getKey()), TRACE, prefix + " " + e.getKey());
        }
    }

    private static INDArray at(INDArray array, int index) {
        return array.get(NDArrayIndex.point(index)).dup();
    }

    private static INDArray oneHot(INDArray labels, int classes) {
        INDArray result = Nd4j.zeros(DataType.FLOAT, labels.length(), classes);
        for (int i = 0; i < labels.length(); i++) {
            result.putScalar(i, labels.getInt(i), 1);
        }
        return result;
    }
}
