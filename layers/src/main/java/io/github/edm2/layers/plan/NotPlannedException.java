package io.github.edm2.layers.plan;

/** Says why a graph, or a vertex of it, has no plan; DL4J's own code runs instead. */
public final class NotPlannedException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /**
     * @param message names the vertex and the reason
     */
    public NotPlannedException(String message) {
        super(message);
    }
}
