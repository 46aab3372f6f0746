package io.github.edm2.tests.golden;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The Heun sampler in all its forms gives the reference's images, through both faces. */
class SamplerGoldenTest {

    private static final double SIGMA_MAX = 80;
    private static final double SIGMA_MIN = 0.002;

    @ParameterizedTest
    @CsvSource({"net-cond, false", "net-uncond, false", "net-options, false", "net-uncond, true"})
    void samplesEqualReference(String name, boolean sameDiff) {
        Golden golden = Golden.read(name);
        INDArray noise = golden.get("sampler/noise");
        Denoiser main = denoiser(name, golden, "param", "buffer", sameDiff);
        for (int steps : new int[] {2, 8, 32}) {
            INDArray images = HeunSampler.builder().steps(steps).build().sample(main, noise);
            String array = "sampler/heun" + steps;
            INDArray expected = golden.get(array);
            double digit = steps == 2 ? lastDigit(main, noise, expected) : 0;
            Golden.assertClose(expected, images, Golden.OUTPUT + digit, name + " " + array);
        }
        Denoiser guide = denoiser(name, golden, "gparam", "gbuffer", sameDiff);
        INDArray guided =
                HeunSampler.builder()
                        .steps(8)
                        .build()
                        .sample(Denoiser.guided(main, guide, 1.7), noise);
        Golden.assertClose(
                golden.get("sampler/guided8_w1.7"), guided, Golden.OUTPUT, name + " guided");

        INDArray fresh = golden.get("sampler/churn_eps");
        int[] draws = new int[1];
        INDArray stochastic =
                HeunSampler.builder()
                        .steps(8)
                        .sChurn(20)
                        .sMin(0.05)
                        .sMax(50)
                        .sNoise(1.003)
                        .build()
                        .sample(
                                main,
                                noise,
                                () -> fresh.get(NDArrayIndex.point(draws[0]++)),
                                step -> {});
        Golden.assertClose(
                golden.get("sampler/churn8"), stochastic, Golden.OUTPUT, name + " stochastic");

        INDArray rho =
                HeunSampler.builder()
                        .steps(6)
                        .sigmaMin(0.01)
                        .sigmaMax(20)
                        .rho(5)
                        .build()
                        .sample(main, noise);
        Golden.assertClose(golden.get("sampler/rho5"), rho, Golden.OUTPUT, name + " rho");
    }

    /**
     * What the last digit of one number is worth after two steps. The first goes from sigma 80 to
     * 0.002, to about D(x; 80); the correction divides what D(x; 0.002) leaves of that by 0.002 and
     * multiplies it by 40. So 1e-7 becomes 2e-3, or 2e-5 of the largest pixel, which is more than
     * the tolerance: the reference in float is itself up to 1.6e-5 from the same in double
     * precision, and which digits differ depends on the processor.
     */
    private static double lastDigit(Denoiser denoiser, INDArray noise, INDArray images) {
        INDArray first = denoiser.denoise(noise.mul(SIGMA_MAX), SIGMA_MAX);
        double digit = Math.ulp(first.amaxNumber().floatValue());
        return SIGMA_MAX / 2 / SIGMA_MIN * digit / images.amaxNumber().doubleValue();
    }

    private static Denoiser denoiser(
            String name, Golden golden, String parameters, String buffers, boolean sameDiff) {
        Edm2.Edm2Builder builder = GoldenNetwork.builder(name);
        if (parameters.equals("gparam")) {
            builder.options(
                    GoldenNetwork.options(Golden.json(name)).toBuilder()
                            .modelChannels(16)
                            .channelsPerHead(16)
                            .build());
        }
        ComputationGraph graph = GoldenNetwork.network(builder, golden, parameters, buffers);
        INDArray labels = golden.has("sampler/labels") ? golden.get("sampler/labels") : null;
        return sameDiff
                ? Denoiser.of(builder.build().toSameDiff(graph, false), labels)
                : Denoiser.of(graph, labels);
    }
}
