package io.github.edm2.models.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.ema.SafetensorsFile;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.TinyNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tensors of compiled or data-parallel PyTorch modules are read whatever the wrappers are called.
 */
class PrefixedTensorsTest {

    private static final NetworkOptions OPTIONS = TinyNetwork.options().build();

    @TempDir Path folder;

    private final ComputationGraph network = TinyNetwork.builder(DataType.FLOAT, 0).build().init();

    @ParameterizedTest
    @ValueSource(strings = {"_orig_mod.", "module.", "module._orig_mod.", "net.ema.module."})
    void aPrefixOfAllNamesIsTakenOff(String prefix) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        StateDict.of(network).forEach((name, tensor) -> tensors.put(prefix + name, tensor));
        ComputationGraph read = read(tensors);
        assertEquals(network.params(), read.params());
        assertEquals(StateDict.of(network), StateDict.of(read));
    }

    @Test
    void aPrefixOfSomeNamesIsNamed() {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        StateDict.of(network)
                .forEach(
                        (name, tensor) ->
                                tensors.put(
                                        name.endsWith("out_gain") ? "module." + name : name,
                                        tensor));
        String message = assertThrows(NetworkFileException.class, () -> read(tensors)).getMessage();
        assertTrue(message.contains("there is \"module.unet.out_gain\""), message);
    }

    private ComputationGraph read(Map<String, INDArray> tensors) {
        Path file = folder.resolve("tensors.safetensors");
        SafetensorsFile.write(file, tensors, DataType.FLOAT, Map.of());
        try (SafetensorsFile open = new SafetensorsFile(file)) {
            return Edm2.load(OPTIONS, open);
        }
    }
}
