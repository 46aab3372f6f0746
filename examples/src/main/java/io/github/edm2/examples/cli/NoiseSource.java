package io.github.edm2.examples.cli;

import io.github.edm2.models.checkpoint.NetworkFormat;
import io.github.edm2.models.sampling.Nd4jNoise;
import io.github.edm2.models.sampling.SeededNoise;
import io.github.edm2.models.sampling.TorchCpuNoise;
import java.nio.file.Path;

/** Whose random numbers images are drawn with. */
enum NoiseSource {
    ND4J("nd4j", Nd4jNoise::new),
    TORCH_CPU("torch-cpu", TorchCpuNoise::new);

    static final Kind<NoiseSource> KIND =
            new Kind<>("nd4j|torch-cpu", "nd4j or torch-cpu", NoiseSource::named);

    private final String label;
    private final SeededNoise.Factory factory;

    NoiseSource(String label, SeededNoise.Factory factory) {
        this.label = label;
        this.factory = factory;
    }

    /** What a network file is drawn with where nothing else is asked for. */
    static NoiseSource of(Path network) {
        return NetworkFormat.of(network) == NetworkFormat.OFFICIAL ? TORCH_CPU : ND4J;
    }

    SeededNoise.Factory factory() {
        return factory;
    }

    private static NoiseSource named(String text) {
        for (NoiseSource source : values()) {
            if (source.label.equals(text)) {
                return source;
            }
        }
        throw new IllegalArgumentException(text);
    }
}
