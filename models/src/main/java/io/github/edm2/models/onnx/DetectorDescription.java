package io.github.edm2.models.onnx;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * What a network of features wants of its images: the JSON file beside its ONNX file, whose fields
 * have these names. Pixels become {@code (low + (high - low) pixel / 255 - mean) / std}.
 *
 * @param input name of the ONNX input
 * @param output name of the ONNX output with the features
 * @param logits name of the ONNX output with class logits, or null
 * @param size height and width of its images, in pixels
 * @param filter how other images get this size
 * @param low what black becomes before mean and std
 * @param high what white becomes before mean and std
 * @param mean subtracted, one number per channel, 1 or 3
 * @param std divided by, as many
 * @param features numbers per image
 * @param url where the network comes from, or null
 * @param sha256 checksum of the ONNX file in hexadecimal digits, or null if unknown
 */
record DetectorDescription(
        String input,
        String output,
        String logits,
        int size,
        ResizeFilter filter,
        double low,
        double high,
        double[] mean,
        double[] std,
        int features,
        String url,
        String sha256) {

    private static final ObjectMapper JSON = new ObjectMapper();

    DetectorDescription {
        require(input != null && output != null, "input and output must be names");
        require(size > 0 && features > 0, "size and features must be at least 1");
        require(filter != null, "filter must be BICUBIC_ANTIALIASED, BILINEAR or NONE");
        require(high > low, "high must be above low");
        require(
                mean != null && std != null && (mean.length == 1 || mean.length == 3),
                "mean and std must be lists of 1 or 3 numbers");
        require(mean.length == std.length, "mean and std must be equally long");
        for (double divisor : std) {
            require(divisor > 0, "std must be above 0");
        }
    }

    private static void require(boolean condition, String rule) {
        if (!condition) {
            throw new IllegalArgumentException(rule);
        }
    }

    /**
     * The description of a network that this library knows.
     *
     * @return null if there is none of this name
     */
    static DetectorDescription known(String name) throws IOException {
        try (InputStream in = DetectorDescription.class.getResourceAsStream(name + ".json")) {
            return in == null ? null : JSON.readValue(in, DetectorDescription.class);
        }
    }

    /**
     * Reads a description.
     *
     * @throws OnnxException if the file is not JSON, or a field is missing, unknown or wrong
     */
    static DetectorDescription read(Path file) {
        try {
            return JSON.readValue(Files.readAllBytes(file), DetectorDescription.class);
        } catch (IOException e) {
            throw new OnnxException(
                    "%s is not a description of a detector (%s); write it like those of fid and fd_dinov2"
                            .formatted(file, AtomicFile.reason(e)),
                    e);
        }
    }
}
