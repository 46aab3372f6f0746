package io.github.edm2.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Networks of ONNX files give the numbers of PyTorch, and wrong files and arrays a sentence. */
class OnnxModelTest {

    @ParameterizedTest
    @ValueSource(strings = {"tiny-detector", "tiny-vae-encoder", "tiny-vae-decoder"})
    void givesTheNumbersOfPyTorch(String name) {
        try (OnnxModel model = OnnxModel.open(TinyModels.file(name), 1)) {
            INDArray output = model.run(TinyModels.expected(name + "/in"));
            INDArray expected = TinyModels.expected(name + "/out");
            assertArrayEquals(expected.shape(), output.shape());
            double difference = TinyModels.largestDifference(expected, output);
            assertTrue(difference < TinyModels.TOLERANCE, name + " differs by " + difference);
        }
    }

    /** Views, other orders and other types are read as the numbers that they hold. */
    @Test
    void readsArraysOfAnyLayout() {
        try (OnnxModel model = OnnxModel.open(TinyModels.file("tiny-detector"), 2)) {
            INDArray batch = TinyModels.expected("tiny-detector/in");
            INDArray expected =
                    TinyModels.expected("tiny-detector/out")
                            .get(NDArrayIndex.interval(1, 3), NDArrayIndex.all());
            INDArray part =
                    batch.get(
                            NDArrayIndex.interval(1, 3),
                            NDArrayIndex.all(),
                            NDArrayIndex.all(),
                            NDArrayIndex.all());
            for (INDArray same :
                    new INDArray[] {part, part.dup('f'), part.dup().castTo(DataType.DOUBLE)}) {
                INDArray output = model.run(same);
                assertTrue(TinyModels.largestDifference(expected, output) < TinyModels.TOLERANCE);
            }
        }
    }

    @Test
    void refusesWhatIsNoOnnx(@TempDir Path folder) throws IOException {
        Path missing = folder.resolve("none.onnx");
        assertMessage("There is no file " + missing, () -> OnnxModel.open(missing));
        Path text = Files.writeString(folder.resolve("text.onnx"), "not a network");
        assertMessage(text + " is not an ONNX network", () -> OnnxModel.open(text));
        byte[] whole = Files.readAllBytes(TinyModels.file("tiny-detector"));
        Path cut = folder.resolve("cut.onnx");
        Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
        assertMessage(cut + " is not an ONNX network", () -> OnnxModel.open(cut));
        IllegalArgumentException threads =
                assertThrows(IllegalArgumentException.class, () -> OnnxModel.open(text, -1));
        assertEquals("threads must be at least 0, got -1", threads.getMessage());
    }

    @Test
    void namesWhatThereIs() {
        try (OnnxModel model = OnnxModel.open(TinyModels.file("tiny-detector"), 1)) {
            INDArray batch = TinyModels.expected("tiny-detector/in");
            assertMessage(
                    "has no input pixels; the inputs are images",
                    () -> model.run("pixels", batch, "features"));
            assertMessage(
                    "has no output logits; the outputs are features",
                    () -> model.run("images", batch, "logits"));
        }
    }

    @Test
    void refusesOtherShapes() {
        try (OnnxModel model = OnnxModel.open(TinyModels.file("tiny-detector"), 1)) {
            assertMessage(
                    "got [3, 32, 32]", () -> model.run(Nd4j.create(DataType.FLOAT, 3, 32, 32)));
            assertMessage(
                    "got [2, 1, 32, 32]",
                    () -> model.run(Nd4j.create(DataType.FLOAT, 2, 1, 32, 32)));
        }
    }

    private static void assertMessage(String part, Runnable action) {
        String message = assertThrows(OnnxException.class, action::run).getMessage();
        assertTrue(message.contains(part), message);
        assertEquals(1, message.lines().count(), message);
    }
}
