package io.github.edm2.search;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.deeplearning4j.arbiter.optimize.api.data.DataProvider;
import org.deeplearning4j.arbiter.optimize.api.data.DataSource;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;

/**
 * Tells Arbiter whether lower scores are better. It does not score: {@link TrainOnceTaskCreator}
 * does, with several scores at a time.
 *
 * @param minimize whether lower is better
 */
@SuppressWarnings("deprecation") // Arbiter's interface
record Direction(boolean minimize) implements ScoreFunction {

    @Override
    public double score(
            Object model, DataProvider dataProvider, Map<String, Object> dataParameters) {
        throw new UnsupportedOperationException("candidates are scored by their task");
    }

    @Override
    public double score(
            Object model, Class<? extends DataSource> dataSource, Properties properties) {
        throw new UnsupportedOperationException("candidates are scored by their task");
    }

    @Override
    public List<Class<?>> getSupportedModelTypes() {
        return List.of(Object.class);
    }

    @Override
    public List<Class<?>> getSupportedDataTypes() {
        return List.of(Object.class);
    }
}
