package io.github.edm2.models.pickle;

/**
 * The name of a Python class, function or constant; only a name.
 *
 * @param module for instance {@code collections}
 * @param name for instance {@code OrderedDict}
 */
public record PickledClass(String module, String name) {

    @Override
    public String toString() {
        return module + "." + name;
    }
}
