package io.github.edm2.ema;

import java.util.Arrays;
import java.util.Collection;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.TrainingListener;

/**
 * The list of listeners that a {@code ComputationGraph} and its clones have in common in DL4J
 * (M2.1). Whoever adds or sets listeners changes the list of them all, but gives them only to the
 * layers of one.
 */
final class SharedListeners {

    private SharedListeners() {}

    /**
     * Whether a model has a listener only because it was given to another one, which shares the
     * list.
     *
     * @throws IllegalStateException if the model has lost an {@link EmaListener} because another
     *     one's listeners were set
     */
    static boolean inherited(TrainingListener listener, Model model) {
        if (!(model instanceof ComputationGraph graph)
                || !graph.getListeners().contains(listener)) {
            return false;
        }
        Set<TrainingListener> given = given(graph);
        if (given.contains(listener)) {
            return false;
        }
        if (given.stream()
                .anyMatch(g -> g instanceof EmaListener && !graph.getListeners().contains(g))) {
            throw new IllegalStateException(
                    "setListeners on a clone() of this ComputationGraph took this one's EmaListener"
                            + " away, because clones share one list; copy it with save(file) and"
                            + " ComputationGraph.load(file, true) instead");
        }
        return true;
    }

    private static Set<TrainingListener> given(ComputationGraph graph) {
        return Arrays.stream(graph.getLayers())
                .map(Layer::getListeners)
                .filter(Objects::nonNull)
                .flatMap(Collection::stream)
                .collect(Collectors.toSet());
    }
}
