package io.github.edm2.examples.cli;

import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.EmbeddedDetector;
import io.github.edm2.models.onnx.OnnxDetector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The detectors that a command line names, opened together. */
record Detectors(List<Detector> list) implements AutoCloseable {

    static final Kind<List<String>> KIND =
            new Kind<>(
                    "LIST",
                    "names or files of detectors, separated by commas",
                    text -> Arrays.stream(text.split(",")).map(String::strip).toList());

    static final Setting<List<String>> SETTING =
            Setting.of(
                    "detectors",
                    KIND,
                    List.of(EmbeddedDetector.NAME),
                    "networks that turn images into features: embedded, for images like Fashion-MNIST; ONNX"
                            + " files with a description, or names of such files in the cache folder, such as"
                            + " fid and fd_dinov2");

    static Detectors open(List<String> names) throws IOException {
        Detectors detectors = new Detectors(new ArrayList<>());
        try {
            for (String name : names) {
                detectors.list.add(open(name));
            }
            return detectors;
        } catch (IOException | RuntimeException e) {
            detectors.close();
            throw e;
        }
    }

    private static Detector open(String name) throws IOException {
        if (name.equals(EmbeddedDetector.NAME)) {
            return EmbeddedDetector.load();
        }
        return OnnxDetector.open(
                name, ModelFiles.standard(null), Runtime.getRuntime().availableProcessors());
    }

    @Override
    public void close() {
        list.forEach(Detector::close);
    }
}
