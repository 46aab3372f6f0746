package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.Preset;
import io.github.edm2.search.Edm2Space;
import io.github.edm2.search.EmaLengthSpace;
import io.github.edm2.search.GeneticSearch;
import io.github.edm2.search.GridSearch;
import io.github.edm2.search.Objective;
import io.github.edm2.search.PostHocSpace;
import io.github.edm2.search.Pruning;
import io.github.edm2.search.RandomSearch;
import io.github.edm2.search.SearchStrategy;
import io.github.edm2.search.TrainingSpace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.distribution.LogUniformDistribution;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.exc.UnrecognizedPropertyException;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Configuration of a search, a JSON file. What is left out is as in the example, {@code
 * search-example.json} among the resources.
 *
 * @param preset where the network's and the training's defaults come from
 * @param data images to train on: {@link #EMBEDDED} or a path as for {@code train}
 * @param heldOut images for scores: {@link #EMBEDDED} or a path
 * @param cond whether the network is trained on the classes
 * @param axes of {@link Edm2Space} by name: a list of values, or {@code min} and {@code max}
 * @param emaLengths a list, or {@code min}, {@code max} and {@code count}
 * @param times images after which averages are read
 * @param guidance strengths of guidance
 * @param guide network file of the guide, for strengths other than 1; null for none
 * @param steps numbers of sampling steps
 * @param strategy {@code grid}, {@code random} or {@code genetic}
 * @param scores {@code loss} or {@code frechet}, or both
 * @param samples drawn for {@code frechet}
 * @param objective name of the score that drives the search
 * @param snapshotEvery images between snapshots
 * @param pruning when trainings are given up
 * @param seed of the proposals and of the scores' noise
 */
record SearchConfig(
        String preset,
        String data,
        @JsonProperty("held-out") String heldOut,
        Boolean cond,
        Map<String, JsonNode> axes,
        @JsonProperty("ema-lengths") JsonNode emaLengths,
        List<Long> times,
        List<Double> guidance,
        String guide,
        List<Integer> steps,
        Strategy strategy,
        List<String> scores,
        Integer samples,
        String objective,
        @JsonProperty("snapshot-every") Long snapshotEvery,
        String pruning,
        Long seed) {

    /** Stands for the images that come with the library. */
    static final String EMBEDDED = "embedded";

    /** The one key whose value may be null. */
    private static final String GUIDE = "guide";

    private static final String EXAMPLE = "search-example.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * How trainings are proposed.
     *
     * @param name grid, random or genetic
     * @param points of a grid along each continuous axis
     * @param shuffled whether a grid is in random order
     * @param trainings at most, of random and genetic search
     * @param population of genetic search
     * @param mutation of genetic search
     */
    record Strategy(
            String name,
            Integer points,
            Boolean shuffled,
            Integer trainings,
            Integer population,
            Double mutation) {}

    /** Of an axis or of the EMA lengths. */
    private record Range(Double min, Double max, Integer count, boolean log, boolean integer) {}

    /** The example. */
    static SearchConfig example() throws IOException {
        try (InputStream in = SearchConfig.class.getResourceAsStream(EXAMPLE)) {
            return JSON.readValue(in, SearchConfig.class);
        }
    }

    /**
     * Reads a file.
     *
     * @throws CommandException if it is no JSON, or a field is unknown or of another kind
     */
    static SearchConfig read(Path file) throws IOException {
        byte[] text = Files.readAllBytes(file);
        try {
            JsonNode own = JSON.readTree(text);
            if (own == null || !own.isObject()) {
                throw wrong(file, "it is no JSON object", null);
            }
            ObjectNode merged = JSON.valueToTree(example());
            own.fields()
                    .forEachRemaining(
                            field -> {
                                if (field.getValue().isNull() && !field.getKey().equals(GUIDE)) {
                                    throw wrong(
                                            file,
                                            "\"%s\" needs a value".formatted(field.getKey()),
                                            null);
                                }
                            });
            merged.setAll((ObjectNode) own);
            return JSON.treeToValue(merged, SearchConfig.class);
        } catch (UnrecognizedPropertyException e) {
            throw wrong(file, unknown(e), e);
        } catch (JsonProcessingException e) {
            throw wrong(file, AtomicFile.reason(e), e);
        }
    }

    private static String unknown(UnrecognizedPropertyException e) {
        String known =
                Nearest.order(
                                e.getPropertyName(),
                                e.getKnownPropertyIds().stream().map(Object::toString).toList())
                        .collect(Collectors.joining(", "));
        return "there is no key \"%s\"; the keys are %s".formatted(e.getPropertyName(), known);
    }

    private static CommandException wrong(Path file, String why, Exception cause) {
        return new CommandException(
                "%s is not a configuration of a search (%s); write it like the one that edm2 search run --print shows"
                        .formatted(file, why),
                cause);
    }

    /** With line breaks. */
    String toJson() throws IOException {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this);
    }

    Preset presetOptions() {
        return Preset.of(preset);
    }

    /** What needs a training of its own. */
    TrainingSpace trainingSpace() {
        Edm2Space space = Edm2Space.builder();
        axes.forEach((name, values) -> space.axis(name, axis(name, values)));
        return space.build();
    }

    private static ParameterSpace<?> axis(String name, JsonNode values) {
        if (values.isArray()) {
            return new DiscreteParameterSpace<>(List.of(JSON.convertValue(values, Object[].class)));
        }
        Range range = range("axes." + name, values);
        if (range.integer) {
            return new IntegerParameterSpace(range.min.intValue(), range.max.intValue());
        }
        return range.log
                ? new ContinuousParameterSpace(new LogUniformDistribution(range.min, range.max))
                : new ContinuousParameterSpace(range.min, range.max);
    }

    private static Range range(String name, JsonNode values) {
        Range range;
        try {
            range = JSON.convertValue(values, Range.class);
        } catch (IllegalArgumentException e) {
            throw new CommandException(
                    "%s must be a list of values, or have min and max, and if need be count, log and integer, got %s"
                            .formatted(name, values),
                    e);
        }
        if (range == null || range.min == null || range.max == null || !(range.min < range.max)) {
            throw new CommandException(
                    "%s must be a list of values, or have a min below a max, got %s"
                            .formatted(name, values));
        }
        if (range.log && range.min <= 0) {
            throw new CommandException(
                    "%s must have a min above 0 to be logarithmic, got %s"
                            .formatted(name, range.min));
        }
        return range;
    }

    /** What needs no training. */
    PostHocSpace choices() {
        return new PostHocSpace(lengths(), times, guidance, steps);
    }

    private EmaLengthSpace lengths() {
        if (emaLengths.isArray()) {
            return EmaLengthSpace.of(numbers(emaLengths));
        }
        Range range = range("ema-lengths", emaLengths);
        if (range.count == null) {
            throw new CommandException("ema-lengths must have a count, got " + emaLengths);
        }
        return range.log
                ? EmaLengthSpace.log(range.min, range.max, range.count)
                : EmaLengthSpace.linear(range.min, range.max, range.count);
    }

    private static double[] numbers(JsonNode list) {
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!list.get(i).isNumber()) {
                throw new CommandException("ema-lengths must be numbers, got " + list.get(i));
            }
            numbers[i] = list.get(i).asDouble();
        }
        return numbers;
    }

    /** How trainings are proposed. */
    SearchStrategy searchStrategy() {
        return switch (String.valueOf(strategy.name)) {
            case "grid" ->
                    new GridSearch(or(strategy.points, 4), Boolean.TRUE.equals(strategy.shuffled));
            case "random" -> new RandomSearch(or(strategy.trainings, 8));
            case "genetic" ->
                    new GeneticSearch(
                            or(strategy.trainings, 16),
                            or(strategy.population, 6),
                            strategy.mutation == null ? 0.1 : strategy.mutation);
            default ->
                    throw new CommandException(
                            "strategy.name must be grid, random or genetic, got " + strategy.name);
        };
    }

    private static int or(Integer value, int fallback) {
        return value == null ? fallback : value;
    }

    /** All scores of this project are better if lower. */
    Objective searchObjective() {
        return Objective.lowest(objective);
    }

    Pruning searchPruning() {
        return Pruning.of(pruning);
    }
}
