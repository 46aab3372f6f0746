package io.github.edm2.models.checkpoint;

import io.github.edm2.models.pickle.PersistentObject;
import io.github.edm2.models.pickle.PickledObject;
import io.github.edm2.models.pickle.TorchTensor;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The parameters and buffers of a pickled PyTorch module, under the names that its {@code
 * state_dict} would give them.
 */
final class ModuleState {

    private static final int DEEPEST = 32;

    /** Some twenty times what the largest EDM2 network has. */
    private static final int MOST_ENTRIES = 10_000;

    private final Map<String, TorchTensor> tensors = new LinkedHashMap<>();
    private final Set<Object> visited = Collections.newSetFromMap(new IdentityHashMap<>());

    private int entries;

    private ModuleState() {}

    /**
     * Collects the tensors, contiguous or not.
     *
     * @param state attributes of the outermost module
     * @throws NetworkDescriptionException if these are not a module's
     */
    static Map<String, TorchTensor> of(Map<?, ?> state) {
        ModuleState result = new ModuleState();
        result.addModule("", state, 0);
        return result.tensors;
    }

    private void addModule(String prefix, Object state, int depth) {
        if (depth > DEEPEST || !visited.add(state)) {
            throw new NetworkDescriptionException(
                    "is damaged: module \"%s\" is inside of itself or in two places"
                            .formatted(prefix));
        }
        addTensors(prefix, child(state, "_parameters"));
        addTensors(prefix, child(state, "_buffers"));
        child(state, "_modules")
                .forEach(
                        (name, module) -> {
                            // A module may be registered as None, which has no state.
                            if (module != null) {
                                addModule(prefix + name + ".", attributes(module), depth + 1);
                            }
                        });
    }

    private void addTensors(String prefix, Map<?, ?> named) {
        entries += named.size();
        if (entries > MOST_ENTRIES) {
            throw new NetworkDescriptionException(
                    "has more than %,d tensors, so it is no EDM2 network".formatted(MOST_ENTRIES));
        }
        named.forEach(
                (name, value) -> {
                    if (value instanceof TorchTensor tensor) {
                        tensors.put(prefix + name, tensor);
                    }
                });
    }

    private static Map<?, ?> child(Object state, String key) {
        if (state instanceof Map<?, ?> map && map.get(key) instanceof Map<?, ?> child) {
            return child;
        }
        throw new NetworkDescriptionException("is damaged: a module has no " + key);
    }

    private static Object attributes(Object module) {
        if (module instanceof PersistentObject object) {
            return object.state();
        }
        return module instanceof PickledObject object ? object.state() : null;
    }
}
