package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.serde.jackson.JsonMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** What a search can choose among, and what is told to those who ask for something else. */
class SpacesTest {

    private static final double EXACT = 1e-12;

    @Test
    void lengthsAreEquallySpacedOrOfEqualRatios() {
        assertEquals(List.of(0.05, 0.1), EmaLengthSpace.of(0.05, 0.1).values());
        assertClose(List.of(0.05, 0.1, 0.15), EmaLengthSpace.linear(0.05, 0.15, 3).values());
        assertClose(List.of(0.01, 0.04, 0.16), EmaLengthSpace.log(0.01, 0.16, 3).values());
    }

    private static void assertClose(List<Double> expected, List<Double> values) {
        assertEquals(expected.size(), values.size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), values.get(i), EXACT);
        }
    }

    @Test
    void lengthsAreAnAxisOfArbiters() {
        EmaLengthSpace lengths = EmaLengthSpace.of(0.05, 0.1, 0.2);
        TrainingSpace space = TrainingSpace.builder().axis("ema", lengths).build();
        CandidateGenerator grid = new GridSearch(2, false).generator(space, true, 0);
        for (double length : lengths.values()) {
            Hyperparameters next = (Hyperparameters) grid.getCandidate().getValue();
            assertEquals(length, next.number("ema"));
        }
        assertFalse(grid.hasMoreCandidates());
    }

    @Test
    void wrongLengthsAreRefused() {
        assertRefused("A search needs at least one EMA length", EmaLengthSpace::of);
        assertRefused("EMA lengths must differ, got [0.1, 0.1]", () -> EmaLengthSpace.of(0.1, 0.1));
        assertRefused(
                "A range of EMA lengths must have at least 2 values and rise, got 1 from 0.1 to 0.2",
                () -> EmaLengthSpace.linear(0.1, 0.2, 1));
        assertRefused(
                "A range of EMA lengths must have at least 2 values and rise, got 3 from 0.2 to 0.1",
                () -> EmaLengthSpace.linear(0.2, 0.1, 3));
        assertNamesTheValue("0.3", () -> EmaLengthSpace.of(0.3));
        assertNamesTheValue("0.0", () -> EmaLengthSpace.of(0));
        assertNamesTheValue("NaN", () -> EmaLengthSpace.of(Double.NaN));
        assertNamesTheValue("-1.0", () -> EmaLengthSpace.log(-1, 0.1, 3));
    }

    private static void assertNamesTheValue(String value, Executable wrong) {
        String message = assertThrows(IllegalArgumentException.class, wrong).getMessage();
        assertTrue(message.contains(value) && message.contains("0.289"), message);
    }

    @Test
    void choicesAreAllCombinationsByTime() {
        PostHocSpace space =
                new PostHocSpace(
                        EmaLengthSpace.of(0.05, 0.1),
                        List.of(100L, 200L),
                        List.of(1.0, 2.0),
                        List.of(16));
        assertEquals(200, space.lastTime());
        assertEquals(
                List.of(
                        new PostHoc(0.05, 100, 1, 16),
                        new PostHoc(0.05, 100, 2, 16),
                        new PostHoc(0.1, 100, 1, 16),
                        new PostHoc(0.1, 100, 2, 16),
                        new PostHoc(0.05, 200, 1, 16),
                        new PostHoc(0.05, 200, 2, 16),
                        new PostHoc(0.1, 200, 1, 16),
                        new PostHoc(0.1, 200, 2, 16)),
                space.all());
        assertEquals(
                List.of(new PostHoc(0.1, 100, 1, 32)),
                PostHocSpace.of(EmaLengthSpace.of(0.1), 100).all());
    }

    @Test
    void wrongChoicesAreRefused() {
        EmaLengthSpace lengths = EmaLengthSpace.of(0.1);
        assertRefused(
                "times, guidance and steps must have a value each, got [], [1.0] and [32]",
                () -> PostHocSpace.of(lengths));
        assertRefused(
                "times must be positive and rise, got [200, 100]",
                () -> PostHocSpace.of(lengths, 200, 100));
        assertRefused(
                "times must be positive and rise, got [100, 100]",
                () -> PostHocSpace.of(lengths, 100, 100));
        assertRefused(
                "times must be positive and rise, got [0, 100]",
                () -> PostHocSpace.of(lengths, 0, 100));
        assertRefused(
                "steps must be at least 1, got [32, 0]",
                () -> new PostHocSpace(lengths, List.of(1L), List.of(1.0), List.of(32, 0)));
    }

    @Test
    void oneSpaceOfTwoAxesGivesBothTheSameValue() {
        ContinuousParameterSpace shared = new ContinuousParameterSpace(0, 1);
        TrainingSpace space =
                TrainingSpace.builder()
                        .axis("first", shared)
                        .axis("second", shared)
                        .axis("other", new ContinuousParameterSpace(0, 1))
                        .build();
        assertEquals(2, space.numParameters());
        Hyperparameters drawn =
                (Hyperparameters)
                        new RandomSearch(1).generator(space, true, 5).getCandidate().getValue();
        assertEquals(drawn.get("first"), drawn.get("second"));
        assertNotEquals(drawn.get("first"), drawn.get("other"));
        assertEquals(List.of("first", "second", "other"), List.copyOf(space.axes().keySet()));
    }

    @Test
    void aSpaceIsTheSameAfterJson() throws IOException {
        TrainingSpace space =
                TrainingSpace.builder()
                        .axis("lr", new ContinuousParameterSpace(0.001, 0.1))
                        .axis("wide", true, false)
                        .axis("kind", "plain", "deep", "deeper")
                        .axis("channels", new IntegerParameterSpace(8, 64))
                        .axis("batch", 32)
                        .axis("ema", EmaLengthSpace.of(0.05, 0.1))
                        .build();
        for (ObjectMapper mapper : List.of(JsonMapper.getMapper(), JsonMapper.getYamlMapper())) {
            String text = mapper.writeValueAsString(space);
            TrainingSpace again = (TrainingSpace) mapper.readValue(text, ParameterSpace.class);
            assertEquals(space.toString(), again.toString());
            assertEquals(List.copyOf(space.axes().keySet()), List.copyOf(again.axes().keySet()));
            CandidateGenerator expected = new RandomSearch(1).generator(space, true, 7);
            CandidateGenerator actual = new RandomSearch(1).generator(again, true, 7);
            for (int i = 0; i < 5; i++) {
                assertEquals(expected.getCandidate().getValue(), actual.getCandidate().getValue());
            }
        }
    }

    @Test
    void wrongAxesAreRefused() {
        assertRefused("A search needs at least one axis", () -> TrainingSpace.builder().build());
        assertRefused("Axis lr needs a value", () -> TrainingSpace.builder().axis("lr"));
        assertRefused(
                "There are two axes lr",
                () -> TrainingSpace.builder().axis("lr", 0.1).axis("lr", 0.2));
        assertRefused(
                "The name of an axis must be of letters, digits, dots, dashes and underscores, got \"learning rate\"",
                () -> TrainingSpace.builder().axis("learning rate", 0.1));
    }

    @Test
    void hyperparametersAreReadByName() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("lr", 0.1);
        values.put("depth", 3);
        values.put("kind", "wide");
        Hyperparameters some = new Hyperparameters(values);
        assertEquals("lr=0.1 depth=3 kind=wide", some.toString());
        assertEquals(3, some.number("depth"));
        assertEquals("wide", some.get("kind"));
        assertTrue(some.has("lr"));
        assertFalse(some.has("momentum"));
        values.clear();
        assertEquals(0.1, some.number("lr"));
        assertRefused(
                "There is no axis momentum; there are [lr, depth, kind]",
                () -> some.number("momentum"));
        assertRefused("Axis kind must be of numbers, got wide", () -> some.number("kind"));
    }

    @Test
    void hyperparametersAreNumbersTextsOrBooleans() {
        assertRefused(
                "Axis updater must have numbers, texts or booleans, got []; search over a name of it",
                () -> new Hyperparameters(Map.of("updater", List.of())));
        assertRefused(
                "Axis updater must have numbers, texts or booleans, got null; search over a name of it",
                () -> new Hyperparameters(Collections.singletonMap("updater", null)));
    }

    @Test
    void wrongStrategiesAreRefused() {
        assertRefused(
                "Random search must make at least 1 training, got 0", () -> new RandomSearch(0));
        assertRefused(
                "A grid must have at least 2 points along an axis, got 1",
                () -> new GridSearch(1, false));
        assertRefused(
                "Genetic search must have at least 1 training, a population of at least 3 and a mutation in (0, 1], got 9, 2 and 0.1",
                () -> new GeneticSearch(9, 2, 0.1));
    }

    private static void assertRefused(String message, Executable wrong) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, wrong).getMessage());
    }
}
