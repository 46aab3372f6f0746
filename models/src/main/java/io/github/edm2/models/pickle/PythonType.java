package io.github.edm2.models.pickle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What Python calls the type of a value that was read, for messages. */
public final class PythonType {

    private PythonType() {}

    /** The name with its article, for instance {@code a dict}. */
    public static String of(Object value) {
        if (value == null) {
            return "None";
        } else if (value instanceof Boolean) {
            return "a bool";
        } else if (value instanceof Double) {
            return "a float";
        } else if (value instanceof Number) {
            return "an int";
        } else if (value instanceof String) {
            return "a text";
        } else if (value instanceof ArrayList<?>) {
            return "a list";
        } else if (value instanceof List<?>) {
            return "a tuple";
        } else if (value instanceof Map<?, ?>) {
            return "a dict";
        } else if (value instanceof PickledClass type) {
            return "the class " + type;
        } else if (value instanceof PickledObject object) {
            return "an object of class " + object.type();
        } else if (value instanceof PersistentObject object) {
            return "an object of class " + object.className();
        } else if (value instanceof TorchTensor) {
            return "a tensor";
        }
        return value instanceof NumpyArray ? "a NumPy array" : "some bytes";
    }
}
