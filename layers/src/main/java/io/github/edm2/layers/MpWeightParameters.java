package io.github.edm2.layers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Parameters of an {@link MpWeightLayer}: the weight, then the learned gain where there is one.
 * Immutable.
 */
final class MpWeightParameters implements ParamInitializer {

    static final MpWeightParameters INSTANCE = new MpWeightParameters();

    private MpWeightParameters() {}

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(org.deeplearning4j.nn.conf.layers.Layer layer) {
        MpWeightLayer conf = (MpWeightLayer) layer;
        return ArrayUtil.prodLong(conf.weightShape()) + (conf.learnedGain ? 1 : 0);
    }

    @Override
    public List<String> paramKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
        List<String> keys = new ArrayList<>(weightKeys(layer));
        if (((MpWeightLayer) layer).learnedGain) {
            keys.add(MpWeightLayer.GAIN_KEY);
        }
        return keys;
    }

    @Override
    public List<String> weightKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
        return List.of(MpWeightLayer.WEIGHT_KEY);
    }

    @Override
    public List<String> biasKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
        return List.of();
    }

    @Override
    public boolean isWeightParam(org.deeplearning4j.nn.conf.layers.Layer layer, String key) {
        return MpWeightLayer.WEIGHT_KEY.equals(key);
    }

    @Override
    public boolean isBiasParam(org.deeplearning4j.nn.conf.layers.Layer layer, String key) {
        return false;
    }

    @Override
    public Map<String, INDArray> init(
            NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        MpWeightLayer layer = (MpWeightLayer) conf.getLayer();
        Map<String, INDArray> views = getGradientsFromFlattened(conf, paramsView);
        views.keySet().forEach(conf::addVariable);
        if (initializeParams) {
            INDArray weight = views.get(MpWeightLayer.WEIGHT_KEY);
            long rows = weight.size(0);
            layer.getWeightInitFn()
                    .init(
                            weight.length() / rows,
                            rows,
                            weight.shape(),
                            'c',
                            weight.reshape(weight.length()));
            if (layer.learnedGain) {
                views.get(MpWeightLayer.GAIN_KEY).assign(layer.initialGain);
            }
        }
        return views;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(
            NeuralNetConfiguration conf, INDArray gradientView) {
        MpWeightLayer layer = (MpWeightLayer) conf.getLayer();
        INDArray flat = gradientView.reshape(gradientView.length());
        long weights = ArrayUtil.prodLong(layer.weightShape());
        Map<String, INDArray> views = new LinkedHashMap<>();
        views.put(
                MpWeightLayer.WEIGHT_KEY,
                flat.get(NDArrayIndex.interval(0, weights)).reshape('c', layer.weightShape()));
        if (layer.learnedGain) {
            views.put(
                    MpWeightLayer.GAIN_KEY,
                    flat.get(NDArrayIndex.interval(weights, weights + 1)).reshape(1, 1));
        }
        return views;
    }
}
