package io.github.edm2.ema;

import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.ListenerResponse;
import org.nd4j.autodiff.listeners.ListenerVariables;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * A listener of DL4J's models and of SameDiff graphs. It takes no activations of either, and
 * inherits that from DL4J's own class, by which a fast graph knows that it need not keep them.
 */
abstract class DualListener extends BaseTrainingListener implements Listener {

    @Override
    public ListenerVariables requiredVariables(SameDiff graph) {
        return ListenerVariables.empty();
    }

    @Override
    public void epochStart(SameDiff graph, At at) {}

    @Override
    public ListenerResponse epochEnd(SameDiff graph, At at, LossCurve losses, long millis) {
        return ListenerResponse.CONTINUE;
    }

    @Override
    public ListenerResponse validationDone(SameDiff graph, At at, long millis) {
        return ListenerResponse.CONTINUE;
    }

    @Override
    public void operationStart(SameDiff graph, Operation operation) {}

    @Override
    public void operationEnd(SameDiff graph, Operation operation) {}

    @Override
    public void preOpExecution(SameDiff graph, At at, SameDiffOp op, OpContext context) {}

    @Override
    public void opExecution(
            SameDiff graph,
            At at,
            MultiDataSet batch,
            SameDiffOp op,
            OpContext context,
            INDArray[] outputs) {}

    @Override
    public void activationAvailable(
            SameDiff graph,
            At at,
            MultiDataSet batch,
            SameDiffOp op,
            String name,
            INDArray activation) {}

    @Override
    public void preUpdate(SameDiff graph, At at, Variable variable, INDArray update) {}
}
