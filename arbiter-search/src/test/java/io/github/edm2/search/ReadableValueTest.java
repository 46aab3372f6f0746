package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.deeplearning4j.arbiter.optimize.distribution.LogUniformDistribution;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.junit.jupiter.api.Test;

/** Values of a configuration are shown without the names of Arbiter's classes. */
class ReadableValueTest {

    private static void assertReads(String readable, Object value) {
        assertEquals(readable, ReadableValue.of("\"" + value + "\""));
    }

    @Test
    void spacesAndStrategiesAreShownWithoutClassNames() {
        assertReads("[0.01,0.04]", new DiscreteParameterSpace<>(0.01, 0.04));
        assertReads("[0.01]", new FixedValue<>(0.01));
        assertReads("{min=0.1,max=0.2}", new ContinuousParameterSpace(0.1, 0.2));
        assertReads(
                "{min=0.1,max=0.2,log}",
                new ContinuousParameterSpace(new LogUniformDistribution(0.1, 0.2)));
        assertReads("{min=1,max=3}", new IntegerParameterSpace(1, 3));
        assertReads("grid {points=4, shuffled=false}", new GridSearch(4, false));
        assertEquals("[64,128]", ReadableValue.of("[64,128]"));
    }
}
