package io.github.edm2.tests.golden;

import io.github.edm2.models.Golden;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The learning rate equals the reference from the first image to the last. */
class LearningRateGoldenTest {

    @ParameterizedTest
    @CsvSource({
        "xs512,2048,.0120,70000,10e6",
        "xxl512,2048,.0065,70000,10e6",
        "s64,2048,.0100,35000,10e6",
        "nodecay,64,.01,0,0"
    })
    void rateEqualsReference(
            String name, int batch, double reference, double decay, double rampUp) {
        Golden golden = Golden.read("learning-rate");
        LearningRateSchedule schedule = new LearningRateSchedule(reference, decay, rampUp, batch);
        INDArray images = golden.get("cur_nimg");
        INDArray expected = golden.get("lr/" + name);
        Assertions.assertEquals(images.length(), expected.length());
        for (int i = 0; i < images.length(); i++) {
            double rate = schedule.atImages(images.getDouble(i));
            Assertions.assertEquals(expected.getDouble(i), rate, 1e-9 * reference, "at " + i);
        }
    }
}
