package io.github.edm2.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.checkpoint.Checksum;
import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.metrics.Detector;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Detectors prepare images as their description says, and find their files. */
class OnnxDetectorTest {

    private static final String PLAIN =
            """
            {"input": "images", "output": "features", "size": 32, "filter": "NONE", "low": 0,
             "high": 255, "mean": [0, 0, 0], "std": [1, 1, 1], "features": 48}
            """;

    @TempDir Path folder;

    private ModelFiles files;

    @BeforeEach
    void copyNetwork() throws IOException {
        files = new ModelFiles(null, folder, URI.create("https://example.org/"));
        Files.copy(TinyModels.file("tiny-detector"), folder.resolve("tiny.onnx"));
    }

    private Detector detector(String json) throws IOException {
        Files.writeString(folder.resolve("tiny.json"), json);
        return OnnxDetector.open("tiny", files, 1);
    }

    @Test
    void givesTheFeaturesOfPyTorchInBatchesOfAnySize() throws IOException {
        INDArray images = TinyModels.expected("tiny-detector/in");
        try (Detector detector = detector(PLAIN)) {
            assertEquals(48, detector.dimensions());
            for (int batch : new int[] {1, 2, 3}) {
                INDArray expected =
                        TinyModels.expected("tiny-detector/out")
                                .get(NDArrayIndex.interval(0, batch));
                INDArray features =
                        detector.findings(images.get(NDArrayIndex.interval(0, batch))).features();
                assertArrayEquals(expected.shape(), features.shape());
                assertTrue(TinyModels.largestDifference(expected, features) < TinyModels.TOLERANCE);
            }
        }
    }

    /** The affine map of the description undoes one that was done before. */
    @Test
    void scalesAndNormalizes() throws IOException {
        String json =
                PLAIN.replace("\"low\": 0", "\"low\": -1")
                        .replace("255", "1")
                        .replace("[0, 0, 0]", "[-1, -1.5, 0]")
                        .replace("[1, 1, 1]", "[0.00784313725, 0.5, 2]");
        INDArray images = Nd4j.create(DataType.UINT8, 2, 3, 32, 32).addi(51);
        // 51 becomes -0.6 in [-1, 1].
        INDArray wanted = Nd4j.create(DataType.FLOAT, 2, 3, 32, 32);
        wanted.get(NDArrayIndex.all(), NDArrayIndex.point(0)).assign(51);
        wanted.get(NDArrayIndex.all(), NDArrayIndex.point(1)).assign(1.8);
        wanted.get(NDArrayIndex.all(), NDArrayIndex.point(2)).assign(-0.3);
        INDArray expected;
        try (Detector detector = detector(PLAIN)) {
            expected = detector.findings(wanted).features();
        }
        try (Detector detector = detector(json)) {
            INDArray features = detector.findings(images).features();
            assertTrue(TinyModels.largestDifference(expected, features) < TinyModels.TOLERANCE);
        }
    }

    /** The tiny network has one output, which stands for both. */
    @Test
    void givesTheLogitsThatTheDescriptionNames() throws IOException {
        String json = PLAIN.replace("\"size\"", "\"logits\": \"features\", \"size\"");
        try (Detector detector = detector(json)) {
            Detector.Findings findings = detector.findings(TinyModels.expected("tiny-detector/in"));
            assertEquals(findings.features(), findings.logits());
        }
    }

    @Test
    void repeatsGrey() throws IOException {
        try (Detector detector = detector(PLAIN)) {
            INDArray grey = Nd4j.rand(DataType.FLOAT, 2, 1, 32, 32).muli(255);
            assertEquals(
                    detector.findings(Nd4j.concat(1, grey, grey, grey)).features(),
                    detector.findings(grey).features());
            String message =
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> detector.findings(Nd4j.create(2, 4, 32, 32)).features())
                            .getMessage();
            assertTrue(message.startsWith("images must be [images, 1 or 3 channels"), message);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> detector.findings(Nd4j.create(2, 3, 16, 16)).features());
            assertNull(detector.findings(grey).logits());
        }
    }

    /** One row and column of weights at a time, from the definition of the kernel. */
    @ParameterizedTest
    @CsvSource({
        "BICUBIC_ANTIALIASED, 21, 8",
        "BICUBIC_ANTIALIASED, 7, 12",
        "BILINEAR, 7, 12",
        "BILINEAR, 12, 7"
    })
    void resizesAsTheFilterSays(ResizeFilter filter, int from, int to) {
        INDArray images = Nd4j.rand(DataType.FLOAT, 2, 3, from, from).muli(255);
        INDArray weights = weights(filter, from, to);
        INDArray expected = Nd4j.create(DataType.FLOAT, 2, 3, to, to);
        for (int i = 0; i < 2; i++) {
            for (int c = 0; c < 3; c++) {
                INDArray plane = images.slice(i).slice(c).dup();
                expected.slice(i).slice(c).assign(weights.mmul(plane).mmul(weights.transpose()));
            }
        }
        double difference = TinyModels.largestDifference(expected, filter.resize(images, to));
        assertTrue(difference < 1e-3, "differs by " + difference + " of 255");
    }

    private static INDArray weights(ResizeFilter filter, int from, int to) {
        boolean cubic = filter == ResizeFilter.BICUBIC_ANTIALIASED;
        double scale = (double) from / to;
        double width = cubic ? Math.max(1, scale) : 1;
        float[][] weights = new float[to][from];
        for (int row = 0; row < to; row++) {
            double centre = (row + 0.5) * scale - 0.5;
            double sum = 0;
            double[] line = new double[from];
            for (int column = 0; column < from; column++) {
                double x = Math.abs(column - centre) / width;
                line[column] = cubic ? cubic(x) : Math.max(0, 1 - x);
                sum += line[column];
            }
            for (int column = 0; column < from; column++) {
                weights[row][column] = (float) (line[column] / sum);
            }
        }
        return Nd4j.create(weights);
    }

    /** Keys, Cubic Convolution Interpolation for Digital Image Processing (1981), a = -1/2. */
    private static double cubic(double x) {
        if (x < 1) {
            return 1.5 * x * x * x - 2.5 * x * x + 1;
        }
        return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
    }

    @Test
    void requiresTheChecksumOfTheDescription() throws IOException {
        String right = Checksum.of(folder.resolve("tiny.onnx")).hex();
        detector(PLAIN.replace("\"size\"", "\"sha256\": \"" + right + "\", \"size\"")).close();
        String wrong = "0".repeat(64);
        String message =
                message(PLAIN.replace("\"size\"", "\"sha256\": \"" + wrong + "\", \"size\""));
        assertTrue(message.contains(right) && message.contains(wrong), message);
    }

    @Test
    void saysWhatIsMissingOrWrong() {
        assertTrue(message("{").contains("tiny.json is not a description of a detector"));
        assertTrue(message(PLAIN.replace("48", "0")).contains("features must be at least 1"));
        assertTrue(message(PLAIN.replace("NONE", "SOFT")).contains("BICUBIC_ANTIALIASED"));
        String missing =
                assertThrows(OnnxException.class, () -> OnnxDetector.open("fd_dinov2", files, 1))
                        .getMessage();
        assertTrue(missing.contains("fd_dinov2.onnx") && missing.contains("dinov2)"), missing);
    }

    private String message(String json) {
        return assertThrows(OnnxException.class, () -> detector(json)).getMessage();
    }

    @Test
    void knowsTheNetworksOfTheUsualMetrics() throws IOException {
        assertEquals(2048, DetectorDescription.known("fid").features());
        assertEquals(1024, DetectorDescription.known("fd_dinov2").features());
    }
}
