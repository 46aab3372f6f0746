package io.github.edm2.models.pickle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Python object as its pickle describes it: what it is, what it was made with, and what it was
 * given afterwards.
 */
public final class PickledObject {

    private final PickledClass type;
    private final List<?> arguments;
    private final Map<Object, Object> items = new LinkedHashMap<>();
    private final List<Object> elements = new ArrayList<>();
    private Object state;

    PickledObject(PickledClass type, List<?> arguments) {
        this.type = type;
        this.arguments = arguments;
    }

    /** Its class. */
    public PickledClass type() {
        return type;
    }

    /** What its constructor was given. */
    List<?> arguments() {
        return arguments;
    }

    /** The entries of an object that is a dictionary, in order; may be changed while reading. */
    public Map<Object, Object> items() {
        return items;
    }

    /** The elements of an object that is a list, in order. */
    List<Object> elements() {
        return elements;
    }

    /** Its attributes, usually a dictionary; null where it has none. */
    public Object state() {
        return state;
    }

    void setState(Object state) {
        this.state = state;
    }
}
