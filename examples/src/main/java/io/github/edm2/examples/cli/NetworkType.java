package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.WeightFile;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.NetworkSafetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.nd4j.linalg.api.buffer.DataType;

/** The kinds of network files that are written, named as their extension. */
enum NetworkType {
    ZIP {
        @Override
        void write(Path file, NetworkFile network) throws IOException {
            AtomicFile.write(file, stream -> network.write(stream, false));
        }

        @Override
        WeightFile withWeights(Path file, NetworkFile like, DataType type) throws IOException {
            return like.withWeights(file);
        }
    },

    SAFETENSORS {
        @Override
        void write(Path file, NetworkFile network) throws IOException {
            NetworkSafetensors.write(file, network, DataType.FLOAT);
        }

        @Override
        WeightFile withWeights(Path file, NetworkFile like, DataType type) throws IOException {
            return NetworkSafetensors.withWeights(file, like, type);
        }
    };

    static final Kind<NetworkType> KIND =
            new Kind<>("zip|safetensors", "zip or safetensors", NetworkType::named);

    private static NetworkType named(String text) {
        return Arrays.stream(values())
                .filter(type -> type.extension().equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(text));
    }

    /**
     * The type that a file's name ends with.
     *
     * @throws UsageException if it is none
     */
    static NetworkType of(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(type -> name.endsWith("." + type.extension()))
                .findFirst()
                .orElseThrow(
                        () ->
                                new UsageException(
                                        "the name of %s must end with .zip or .safetensors"
                                                .formatted(file)));
    }

    String extension() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return extension();
    }

    /** Writes a network, atomically. */
    abstract void write(Path file, NetworkFile network) throws IOException;

    /**
     * Begins the file of a network that is like another, but has other weights.
     *
     * @param type of the weights in a safetensors file; a zip archive has floats
     * @return takes the weights in the order of the network's parameters
     */
    abstract WeightFile withWeights(Path file, NetworkFile like, DataType type) throws IOException;
}
