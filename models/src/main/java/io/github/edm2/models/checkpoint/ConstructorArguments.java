package io.github.edm2.models.checkpoint;

import io.github.edm2.models.pickle.NumpyArray;
import io.github.edm2.models.unet.NetworkCost;
import io.github.edm2.models.unet.NetworkOptions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.PropertyNamingStrategies;

/**
 * The arguments that an official network was made with, which its pickle records under the names of
 * the constructor: those of {@link NetworkOptions} in snake case.
 */
final class ConstructorArguments {

    /** Arguments that may be given without a name, in order. */
    private static final List<String> POSITIONS =
            List.of(
                    "img_resolution",
                    "img_channels",
                    "label_dim",
                    "use_fp16",
                    "sigma_data",
                    "logvar_channels");

    /** About the precision on a GPU, which is not the network's. */
    private static final String PRECISION = "use_fp16";

    private static final ObjectMapper JSON =
            new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

    /** Every argument with a value of its type, null where it is an integer or None. */
    private static final JsonNode KNOWN = JSON.valueToTree(NetworkOptions.builder().build());

    /** A number that may also be None. */
    private static final String CLIP = "clip_act";

    private static final String INTEGER = "an integer from 0 to 2147483647";
    private static final String NUMBER = "a number";
    private static final int LONGEST_LIST = 64;
    private static final int MOST_LEVELS = 16;

    private ConstructorArguments() {}

    /**
     * The options of a network.
     *
     * @param state attributes of the network
     * @param tensors number of its tensors
     * @param elements number of its parameters
     * @throws NetworkDescriptionException if the arguments are missing, unknown or out of range, or
     *     make another number of parameters
     */
    static NetworkOptions options(Map<?, ?> state, int tensors, long elements) {
        Map<String, Object> named = new LinkedHashMap<>();
        if (state.get("_init_args") instanceof List<?> positional) {
            if (positional.size() > POSITIONS.size()) {
                throw new NetworkDescriptionException(
                        "was made with %d arguments without a name, at most %d are known"
                                .formatted(positional.size(), POSITIONS.size()));
            }
            for (int i = 0; i < positional.size(); i++) {
                add(named, POSITIONS.get(i), positional.get(i));
            }
        }
        if (!(state.get("_init_kwargs") instanceof Map<?, ?> keywords)) {
            throw new NetworkDescriptionException(
                    "does not record the arguments that its network was made with");
        }
        keywords.forEach((name, value) -> add(named, String.valueOf(name), value));
        try {
            NetworkOptions options = JSON.convertValue(named, NetworkOptions.class).validate();
            requireParameters(options, tensors, elements);
            return options;
        } catch (IllegalArgumentException e) {
            throw new NetworkDescriptionException(
                    "was made with wrong arguments: " + e.getMessage());
        }
    }

    /** Before anything of the network's size is allocated, let alone of a size only claimed. */
    private static void requireParameters(NetworkOptions options, int tensors, long elements) {
        if (!possible(options, tensors, elements)
                || NetworkCost.of(options).parameters() != elements) {
            throw new NetworkDescriptionException(
                    "has %,d parameters, which are not those of the network that its arguments describe"
                            .formatted(elements));
        }
    }

    /**
     * Whether there can be a network of these options with so many tensors and parameters: sums
     * that no number overflows and that take no time.
     */
    private static boolean possible(NetworkOptions options, int tensors, long elements) {
        int[] multipliers = options.getChannelMult();
        long channels =
                (long) options.getModelChannels() * Arrays.stream(multipliers).max().orElse(0);
        return multipliers.length <= MOST_LEVELS
                && (long) options.getNumBlocks() * multipliers.length <= tensors
                && channels <= elements / channels
                && options.getLogvarChannels() <= elements
                && isPossible(options, options.getChannelMultNoise(), elements)
                && isPossible(options, options.getChannelMultEmb(), elements);
    }

    private static boolean isPossible(NetworkOptions options, Integer multiplier, long elements) {
        return multiplier == null
                || multiplier > 0 && (long) options.getModelChannels() * multiplier <= elements;
    }

    private static void add(Map<String, Object> named, String name, Object value) {
        if (name.equals(PRECISION)) {
            return;
        }
        if (!KNOWN.has(name)) {
            throw new NetworkDescriptionException(
                    "was made with the argument \"%s\", which EDM2 networks do not have"
                            .formatted(name));
        }
        JsonNode known = KNOWN.get(name);
        Object plain = value instanceof NumpyArray array ? array.numbers() : value;
        if (known.isArray()) {
            boolean integers = known.get(0).isInt();
            boolean fits =
                    plain instanceof List<?> list
                            && list.size() <= LONGEST_LIST
                            && list.stream().allMatch(n -> isNumber(n, integers));
            require(
                    fits,
                    name,
                    "a short list, each element of which is " + (integers ? INTEGER : NUMBER));
        } else if (known.isNull()) {
            require(plain == null || isNumber(plain, true), name, INTEGER + ", or None");
        } else if (name.equals(CLIP)) {
            require(plain == null || isNumber(plain, false), name, NUMBER + ", or None");
        } else {
            require(isNumber(plain, known.isInt()), name, known.isInt() ? INTEGER : NUMBER);
        }
        named.put(name, plain);
    }

    /** Whether it is a number that the option can hold; no integer of a network is negative. */
    private static boolean isNumber(Object value, boolean integer) {
        if (value instanceof Long number) {
            return !integer || number >= 0 && number <= Integer.MAX_VALUE;
        }
        return !integer && value instanceof Double number && !number.isNaN();
    }

    private static void require(boolean fits, String name, String type) {
        if (!fits) {
            throw new NetworkDescriptionException(
                    "was made with a wrong argument \"%s\": it must be %s".formatted(name, type));
        }
    }
}
