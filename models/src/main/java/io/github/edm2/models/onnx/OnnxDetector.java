package io.github.edm2.models.onnx;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.checkpoint.Checksum;
import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.metrics.Detector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network that gives features of images, between which image metrics measure: an ONNX file and
 * its description, {@link DetectorDescription}, in the JSON file of the same name beside it or, for
 * {@code fid} (Inception-v3) and {@code fd_dinov2} (DINOv2 ViT-L/14), in this library. The ONNX
 * file is the user's: neither network is published in this form.
 *
 * <p>Safe to share between threads.
 */
public final class OnnxDetector implements Detector {

    private final String name;
    private final OnnxModel model;
    private final DetectorDescription description;

    private OnnxDetector(String name, OnnxModel model, DetectorDescription description) {
        this.name = name;
        this.model = model;
        this.description = description;
    }

    /**
     * Opens a detector.
     *
     * @param pathOrName as in {@link ModelFiles#onnx}
     * @param files the cache folder
     * @param threads as in {@link OnnxModel#open(Path, int)}
     * @throws OnnxException if the file or its description is missing or wrong, or the file is not
     *     the one that the description was made for
     */
    public static OnnxDetector open(String pathOrName, ModelFiles files, int threads) {
        Path file = files.onnx(pathOrName);
        String name = file.getFileName().toString().replaceFirst("\\.onnx$", "");
        try {
            Path json = file.resolveSibling(name + ".json");
            DetectorDescription description =
                    Files.isRegularFile(json)
                            ? DetectorDescription.read(json)
                            : DetectorDescription.known(name);
            if (!Files.isRegularFile(file)) {
                String source =
                        description == null || description.url() == null
                                ? ""
                                : " (the network comes from " + description.url() + ")";
                throw new OnnxException(
                        "There is no detector %s; export the network as ONNX to this file%s"
                                .formatted(file.toAbsolutePath(), source));
            }
            if (description == null) {
                throw new OnnxException(
                        "There is no description %s of the detector; write one".formatted(json));
            }
            requireChecksum(file, description.sha256());
            OnnxModel model = OnnxModel.open(file, threads);
            OnnxDetector detector = new OnnxDetector(name, model, description);
            try {
                model.requireNames(description.input(), detector.outputs());
            } catch (OnnxException e) {
                model.close();
                throw e;
            }
            return detector;
        } catch (IOException e) {
            throw new OnnxException("Cannot read %s (%s)".formatted(file, AtomicFile.reason(e)), e);
        }
    }

    private static void requireChecksum(Path file, String expected) throws IOException {
        if (expected == null) {
            return;
        }
        String actual = Checksum.of(file).hex();
        if (!actual.equalsIgnoreCase(expected)) {
            throw new OnnxException(
                    "%s has the SHA-256 %s, but its description says %s; replace the file or the description"
                            .formatted(file, actual, expected));
        }
    }

    /** The file's name without {@code .onnx}. */
    @Override
    public String name() {
        return name;
    }

    @Override
    public int dimensions() {
        return description.features();
    }

    /**
     * {@inheritDoc}
     *
     * @param images grey is repeated where the network takes three channels
     * @throws OnnxException if the network gives another number of features
     */
    @Override
    public Findings findings(INDArray images) {
        int channels = description.mean().length;
        if (images.rank() != 4 || (images.size(1) != channels && images.size(1) != 1)) {
            throw new IllegalArgumentException(
                    "images must be [images, %s channels, height, width], got %s"
                            .formatted(
                                    channels == 1 ? "1" : "1 or 3",
                                    Arrays.toString(images.shape())));
        }
        String logits = description.logits();
        Map<String, INDArray> found = model.run(description.input(), prepared(images), outputs());
        INDArray features = found.get(description.output());
        if (features.rank() != 2 || features.size(1) != dimensions()) {
            throw new OnnxException(
                    "Output %s of %s must be [images, %d] as its description says, got %s"
                            .formatted(
                                    description.output(),
                                    model.file(),
                                    dimensions(),
                                    Arrays.toString(features.shape())));
        }
        return new Findings(features, logits == null ? null : found.get(logits));
    }

    private Set<String> outputs() {
        return Stream.of(description.output(), description.logits())
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
    }

    /**
     * What the network takes.
     *
     * @param pixels as for {@link #findings}
     * @return new array [n, channels, size, size], FLOAT
     */
    INDArray prepared(INDArray pixels) {
        INDArray sized =
                description.filter().resize(pixels.castTo(DataType.FLOAT), description.size());
        int channels = description.mean().length;
        INDArray wanted = sized.size(1) == channels ? sized : Nd4j.concat(1, sized, sized, sized);
        double range = description.high() - description.low();
        INDArray scaled = wanted.mul(range / 255).addi(description.low());
        return scaled.subi(perChannel(description.mean())).divi(perChannel(description.std()));
    }

    /** The network itself. */
    OnnxModel model() {
        return model;
    }

    private static INDArray perChannel(double[] values) {
        return Nd4j.createFromArray(values).castTo(DataType.FLOAT).reshape(1, values.length, 1, 1);
    }

    /** Frees the network's memory. */
    @Override
    public void close() {
        model.close();
    }
}
