package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Reasons are told in words, not in names of classes. */
class JsonFaultTest {

    /** Of positive length. */
    record Stick(int length, Stick part) {

        Stick {
            if (length < 1) {
                throw new IllegalArgumentException("length must be at least 1, got " + length);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"length\": 1| it ends before it is complete, at line 1, column 13",
                "{\"length\" 1}| it has a mistake, at line 1, column 12",
                "{\"length\": 1, \"width\": 1}| it has the unknown name \"width\"; known are length, part",
                "{\"length\": \"long\"}| \"length\" cannot be \"long\", at line 1, column 12",
                "{\"length\": 1, \"part\": [2]}| \"part\" has a value of another kind, at line 1, column 23",
                "[1]| it has a value of another kind, at line 1, column 1",
                "{\"length\": 0}| length must be at least 1, got 0",
            })
    void jsonIsJudgedInTheWordsOfItsAuthor(String json, String reason) {
        JsonProcessingException e =
                assertThrows(
                        JsonProcessingException.class,
                        () -> new ObjectMapper().readValue(json, Stick.class));
        assertEquals(reason, AtomicFile.reason(e));
    }

    @Test
    void failuresOfFilesAreTold() {
        assertEquals("there is no file x", AtomicFile.reason(new NoSuchFileException("x")));
        assertEquals(
                "the permission for x is missing",
                AtomicFile.reason(new AccessDeniedException("x")));
        assertEquals("it ends before it is complete", AtomicFile.reason(new EOFException()));
        assertEquals("the disk is full", AtomicFile.reason(new IOException("the disk is full")));
    }
}
