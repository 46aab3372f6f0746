package io.github.edm2.models.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Proves that vectors are written and read as ND4J does it, whatever their length. */
class ArrayStreamTest {

    private static byte[] written(INDArray vector) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ArrayStream.write(vector, new DataOutputStream(out));
        return out.toByteArray();
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, 1", "FLOAT, 1000", "FLOAT, 131072", "FLOAT, 300001", "DOUBLE, 140000"})
    void bytesAreThoseOfNd4j(DataType type, int length) throws IOException {
        INDArray vector = Nd4j.rand(type, 1, length).subi(0.5);
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        Nd4j.write(vector, new DataOutputStream(expected));
        byte[] bytes = written(vector);
        assertArrayEquals(expected.toByteArray(), bytes);
        INDArray read = ArrayStream.read(new DataInputStream(new ByteArrayInputStream(bytes)));
        assertEquals(vector, read);
    }

    @Test
    void endThatIsMissingIsNoticed() throws IOException {
        byte[] bytes = written(Nd4j.rand(DataType.FLOAT, 1, 10));
        byte[] cut = Arrays.copyOf(bytes, bytes.length - 1);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(cut));
        assertThrows(EOFException.class, () -> ArrayStream.read(in));
    }

    @Test
    void otherNumbersAreRefused() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Nd4j.write(Nd4j.ones(DataType.INT64, 1, 3), new DataOutputStream(out));
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(out.toByteArray()));
        assertThrows(IOException.class, () -> ArrayStream.read(in));
    }
}
