package io.github.edm2.models.checkpoint;

import io.github.edm2.models.pickle.NumpyArray;
import io.github.edm2.models.unet.NetworkCost;
import io.github.edm2.models.unet.NetworkOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.PropertyNamingStrategies;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

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
            for (int i = 0; i < Math.min(positional.size(), POSITIONS.size()); i++) {
                named.put(POSITIONS.get(i), plain(POSITIONS.get(i), positional.get(i)));
            }
        }
        if (!(state.get("_init_kwargs") instanceof Map<?, ?> keywords)) {
            throw new NetworkDescriptionException(
                    "does not record the arguments that its network was made with");
        }
        keywords.forEach(
                (name, value) ->
                        named.put(String.valueOf(name), plain(String.valueOf(name), value)));
        named.remove(PRECISION);
        ObjectNode known = JSON.valueToTree(NetworkOptions.builder().build());
        for (String name : named.keySet()) {
            if (!known.has(name)) {
                throw new NetworkDescriptionException(
                        "was made with the argument \"%s\", which EDM2 networks do not have"
                                .formatted(name));
            }
        }
        try {
            NetworkOptions options = JSON.convertValue(named, NetworkOptions.class).validate();
            requireParameters(options, tensors, elements);
            return options;
        } catch (IllegalArgumentException e) {
            String why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new NetworkDescriptionException("was made with wrong arguments: " + why);
        }
    }

    /** Before anything of the network's size is allocated, let alone of a size only claimed. */
    private static void requireParameters(NetworkOptions options, int tensors, long elements) {
        long cost = options.getNumBlocks() > tensors ? -1 : NetworkCost.of(options).parameters();
        if (cost != elements) {
            throw new NetworkDescriptionException(
                    "has %,d parameters, which are not those of the network that its arguments describe"
                            .formatted(elements));
        }
    }

    /** Numbers, texts and flat lists of them; nothing nested reaches the JSON library. */
    private static Object plain(String name, Object value) {
        if (value instanceof NumpyArray array) {
            return array.numbers();
        }
        boolean list =
                value instanceof List<?> elements
                        && elements.stream().allMatch(ConstructorArguments::scalar);
        if (list || scalar(value)) {
            return value;
        }
        throw new NetworkDescriptionException(
                "was made with an argument \"%s\" that is no number and no list of numbers"
                        .formatted(name));
    }

    private static boolean scalar(Object value) {
        return value == null
                || value instanceof Number
                || value instanceof Boolean
                || value instanceof String;
    }
}
