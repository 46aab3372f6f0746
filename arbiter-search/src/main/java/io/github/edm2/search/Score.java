package io.github.edm2.search;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.nn.graph.ComputationGraph;

/** What a search finds out about a network; one or several numbers. */
public interface Score {

    /** Names of the numbers, in their order. */
    List<String> names();

    /**
     * Computes the numbers. Called by several threads at a time where a search runs several tasks.
     *
     * @param network with the candidate's averaged weights; its weights must not be changed
     * @param trial the candidate
     * @return values by name; one that is no number makes the candidate a failed one
     */
    Map<String, Double> of(ComputationGraph network, Trial trial);

    /** A score of the user's, of one number. */
    static Score of(String name, ToDoubleFunction<ComputationGraph> function) {
        return new Score() {
            @Override
            public List<String> names() {
                return List.of(name);
            }

            @Override
            public Map<String, Double> of(ComputationGraph network, Trial trial) {
                return Map.of(name, function.applyAsDouble(network));
            }
        };
    }
}
