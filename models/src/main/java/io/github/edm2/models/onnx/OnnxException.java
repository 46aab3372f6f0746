package io.github.edm2.models.onnx;

/**
 * An ONNX file that cannot be used as it is. The message names the file, what is wrong with it and
 * what to do.
 */
public final class OnnxException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    OnnxException(String message) {
        super(message);
    }

    OnnxException(String message, Throwable cause) {
        super(message, cause);
    }
}
