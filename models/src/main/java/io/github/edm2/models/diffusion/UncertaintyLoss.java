package io.github.edm2.models.diffusion;

import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Denoising loss with learned uncertainty (arXiv:2312.02696, Eq. 14-16, 21), a DL4J output layer:
 *
 * <pre>L = lambda / exp(u) (D - y)² + u</pre>
 *
 * summed over channels, height and width, so that u counts once per element; DL4J averages over the
 * batch. Input is a {@link LossInput}; labels are the clean images y [batch, channels, height,
 * width]; the layer's output is D.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class UncertaintyLoss extends DiffusionOutput {

    private double sigmaData;

    protected UncertaintyLoss(Builder builder) {
        super(builder);
        this.sigmaData = builder.sigmaData;
    }

    /**
     * SameDiff face: the loss of every element, [batch, channels, height, width].
     *
     * @param denoised D [batch, channels, height, width]
     * @param logVariance u [batch, 1]
     * @param clean y in D's shape
     * @param sigma [batch, 1]
     */
    public static SDVariable loss(
            SameDiff sd,
            SDVariable denoised,
            SDVariable logVariance,
            SDVariable clean,
            SDVariable sigma,
            double sigmaData) {
        SDVariable u = Preconditioning.perImage(sd, logVariance);
        SDVariable weight =
                Preconditioning.lossWeight(sd, sigma, sigmaData).mul(sd.math().exp(u.neg()));
        SDVariable error = denoised.sub(clean);
        return error.mul(error).mul(weight).add(u);
    }

    /** Outside of training: the denoised images. */
    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0].plain();
        long[] shape = x.shape().clone();
        shape[1] -= 2;
        Slot y = new Slot(x.rows(), shape[1]);
        planner.add(
                x.slot(),
                y,
                () -> Prepared.copy(Planner.columns(x.slot(), 0, shape[1]), y.array()));
        return new Value(y, shape, false, x.pending());
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.models.runtime.UncertaintyLoss(conf, dataType);
    }

    @Override
    protected INDArray output(INDArray input, LayerWorkspaceMgr ws) {
        return ws.dup(ArrayType.ACTIVATIONS, denoised(input), 'c');
    }

    @Override
    protected INDArray loss(
            INDArray input, INDArray labels, ArrayType place, LayerWorkspaceMgr ws) {
        long batch = input.size(0);
        INDArray error = error(input, labels, place, ws);
        long elements = error.length() / batch;
        error.muli(error).muli(weight(input, place, ws));
        INDArray loss = ws.createUninitialized(place, error.dataType(), batch, 1);
        Nd4j.exec(new Sum(error.reshape(batch, elements), loss, true, 1));
        INDArray u = ws.dup(place, logVariance(input), 'c').reshape(batch, 1);
        return loss.addi(u.muli(elements));
    }

    @Override
    protected INDArray gradient(INDArray input, INDArray labels, LayerWorkspaceMgr ws) {
        long batch = input.size(0);
        long channels = input.size(1) - 2;
        ArrayType temporary = ArrayType.BP_WORKING_MEM;
        INDArray gradient = ws.create(ArrayType.ACTIVATION_GRAD, input.dataType(), input.shape());
        INDArray error = error(input, labels, temporary, ws);
        long elements = error.length() / batch;
        INDArray weighted =
                error.mul(
                        weight(input, temporary, ws),
                        ws.createUninitialized(temporary, error.dataType(), error.shape(), 'c'));
        // dL/dD = 2 lambda / exp(u) (D - y)
        weighted.mul(2, channels(gradient, 0, channels));
        // dL/du = elements - sum lambda / exp(u) (D - y)²
        INDArray du = ws.createUninitialized(temporary, error.dataType(), batch, 1);
        weighted.muli(error);
        Nd4j.exec(new Sum(weighted.reshape(batch, elements), du, true, 1));
        logVariance(gradient).assign(du.rsubi(elements).reshape(batch, 1, 1, 1));
        return gradient;
    }

    private INDArray error(INDArray input, INDArray labels, ArrayType place, LayerWorkspaceMgr ws) {
        INDArray denoised = denoised(input);
        if (!java.util.Arrays.equals(denoised.shape(), labels.shape())) {
            throw new IllegalArgumentException(
                    "Clean images (the labels) must have the shape %s of the network's output, got %s"
                            .formatted(
                                    java.util.Arrays.toString(denoised.shape()),
                                    java.util.Arrays.toString(labels.shape())));
        }
        return denoised.sub(
                labels, ws.createUninitialized(place, input.dataType(), denoised.shape(), 'c'));
    }

    /** lambda / exp(u), [batch, 1, 1, 1]. */
    private INDArray weight(INDArray input, ArrayType place, LayerWorkspaceMgr ws) {
        INDArray sigma = ws.dup(place, plane(input, input.size(1) - 1), 'c');
        INDArray lambda = Preconditioning.lossWeight(sigma, sigmaData, place, ws);
        INDArray variance = ws.dup(place, logVariance(input), 'c');
        Nd4j.exec(new Exp(variance, variance));
        return lambda.divi(variance);
    }

    private static INDArray denoised(INDArray input) {
        return channels(input, 0, input.size(1) - 2);
    }

    private static INDArray logVariance(INDArray input) {
        return plane(input, input.size(1) - 2);
    }

    /** The first pixel of a channel that is the same in all pixels, [batch, 1, 1, 1]. */
    private static INDArray plane(INDArray input, long channel) {
        return input.get(
                NDArrayIndex.all(),
                NDArrayIndex.interval(channel, channel + 1),
                NDArrayIndex.interval(0, 1),
                NDArrayIndex.interval(0, 1));
    }

    @Override
    protected boolean readsLabels() {
        return true;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        if (inputType instanceof InputType.InputTypeConvolutional in) {
            return InputType.convolutional(
                    in.getHeight(), in.getWidth(), in.getChannels() - 2, in.getFormat());
        }
        throw new IllegalStateException(
                "UncertaintyLoss needs the output of a LossInput vertex, got " + inputType);
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends DiffusionOutput.Builder<Builder> {
        private final double sigmaData;

        /**
         * @param sigmaData standard deviation of the data, greater than 0
         */
        public Builder(double sigmaData) {
            this.sigmaData = Preconditioning.checkSigmaData(sigmaData);
        }

        @Override
        public UncertaintyLoss build() {
            return new UncertaintyLoss(this);
        }
    }

    /** Some channels of images, as a view. */
    private static INDArray channels(INDArray x, long from, long to) {
        return x.get(
                NDArrayIndex.all(),
                NDArrayIndex.interval(from, to),
                NDArrayIndex.all(),
                NDArrayIndex.all());
    }
}
