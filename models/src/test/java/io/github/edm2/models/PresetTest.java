package io.github.edm2.models;

import io.github.edm2.models.unet.NetworkCost;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;

/** The presets are the paper's networks (arXiv:2312.02696, tables 2 and 6). */
class PresetTest {

    @ParameterizedTest
    @CsvSource({
        "xs,124.7,45.5",
        "s,280.2,102.2",
        "m,497.8,180.8",
        "l,777.5,282.2",
        "xl,1119.3,405.9",
        "xxl,1523.2,552.1"
    })
    void sizeAndCostAreThePapers(String size, double millions, double gflops) {
        NetworkCost cost = Edm2.preset("edm2-img512-" + size).build().cost();
        Assertions.assertEquals(millions, cost.parameters() / 1e6, .05 + 1e-9);
        Assertions.assertEquals(1, cost.operations() / 1e9 / gflops, .005);
    }

    @ParameterizedTest
    @CsvSource({"xs,124713253,44.951", "s,280212837,100.819"})
    void parametersAndMultiplyAddsAreExact(String size, long parameters, double gflops) {
        NetworkCost cost = Edm2.preset("edm2-img512-" + size).build().cost();
        Assertions.assertEquals(parameters, cost.parameters());
        Assertions.assertEquals(gflops, cost.multiplyAdds() / 1e9, .0005);
    }

    @Test
    void costIsThatOfTheNetworkThatInitMakes() {
        Edm2 model = TinyNetwork.builder(DataType.FLOAT, .1).build();
        ComputationGraph graph = model.init();
        Assertions.assertEquals(graph.params().length(), model.cost().parameters());
        for (NetworkCost.Part part : model.cost().parts()) {
            long parameters =
                    graph.getLayer(part.name()) == null
                            ? 0
                            : graph.getLayer(part.name()).numParams();
            Assertions.assertEquals(parameters, part.parameters(), part.name());
        }
    }

    /** Calls of an operation, counted in the graph by what its summary names a layer or vertex. */
    @Test
    void operationsAreThoseOfTheGraph() {
        Edm2 model = TinyNetwork.builder(DataType.FLOAT, .1).build();
        ComputationGraph graph = model.init();
        Map<String, Long> vertices =
                Arrays.stream(graph.getVertices())
                        .map(v -> v.hasLayer() ? v.getLayer().getClass() : v.getClass())
                        .collect(
                                Collectors.groupingBy(Class::getSimpleName, Collectors.counting()));
        Map<String, Long> operations =
                model.cost()
                        .operationTable()
                        .lines()
                        .skip(1)
                        .map(line -> line.split("\\s+"))
                        .collect(
                                Collectors.toMap(
                                        words -> words[0],
                                        words ->
                                                Arrays.stream(words)
                                                        .filter(word -> word.matches("\\d+"))
                                                        .mapToLong(Long::parseLong)
                                                        .findFirst()
                                                        .orElseThrow(),
                                        Long::sum));
        long total = operations.remove("total");
        Assertions.assertEquals(
                total, operations.values().stream().mapToLong(Long::longValue).sum());
        operations.forEach(
                (name, calls) -> Assertions.assertEquals(vertices.get(name), calls, name));
        vertices.keySet().removeAll(operations.keySet());
        Assertions.assertEquals(
                Set.of("InputVertex", "LogVarianceOutput", "LossInput", "UncertaintyLoss"),
                vertices.keySet());
    }

    @ParameterizedTest
    @ValueSource(strings = {"edm2-16-tiny", "edm2-32-small"})
    void smallPresetsCanBeMade(String name) {
        Edm2 model = Edm2.preset(name).build();
        Assertions.assertEquals(model.cost().parameters(), model.init().params().length());
    }

    @Test
    void everyPresetIsAValidNetwork() {
        for (Preset preset : Preset.presets()) {
            Assertions.assertTrue(NetworkCost.of(preset.network()).parameters() > 0, preset.name());
            Assertions.assertEquals(preset, Preset.of(preset.name()));
        }
    }

    @Test
    void unknownPresetIsNamedWithThoseThatExist() {
        IllegalArgumentException e =
                Assertions.assertThrows(
                        IllegalArgumentException.class, () -> Preset.of("edm2-img512-xxxl"));
        Assertions.assertTrue(e.getMessage().contains("\"edm2-img512-xxxl\""), e.getMessage());
        Assertions.assertTrue(e.getMessage().contains("edm2-img512-xxl"), e.getMessage());
    }
}
