package io.github.edm2.models.data;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What is known of the images beside their pixels: a class or a vector of each, or nothing. Not to
 * be changed.
 *
 * @param classOf classes of the images, or empty
 * @param vectors label vectors of the images, all of one length, or empty
 * @param names of the classes, or of the vectors' elements, in their order; empty if unknown
 */
record ImageLabels(int[] classOf, float[][] vectors, List<String> names) {

    static final ImageLabels NONE = ofClasses(new int[0], List.of());

    static ImageLabels ofClasses(int[] classOf, List<String> names) {
        return new ImageLabels(classOf, new float[0][], names);
    }

    static ImageLabels ofVectors(float[][] vectors, List<String> names) {
        return new ImageLabels(new int[0], vectors, names);
    }

    boolean isEmpty() {
        return classOf.length == 0 && !areVectors();
    }

    boolean areVectors() {
        return vectors.length > 0;
    }

    /** Largest class plus 1, or length of the vectors; 0 without labels. */
    int size() {
        return areVectors() ? vectors[0].length : Arrays.stream(classOf).max().orElse(-1) + 1;
    }

    /** What a network is given: [indices, {@link #size}], FLOAT, one-hot for classes. */
    INDArray batch(int[] indices) {
        int size = size();
        float[] rows = new float[Math.multiplyExact(indices.length, size)];
        for (int i = 0; i < indices.length; i++) {
            if (areVectors()) {
                System.arraycopy(vectors[indices[i]], 0, rows, i * size, size);
            } else {
                rows[i * size + classOf[indices[i]]] = 1;
            }
        }
        return Nd4j.create(rows, new long[] {indices.length, size}, DataType.FLOAT);
    }

    /** Those of some images, and the names up to the last class that is left. */
    ImageLabels of(int[] indices) {
        if (isEmpty()) {
            return NONE;
        }
        if (areVectors()) {
            return ofVectors(
                    Arrays.stream(indices).mapToObj(i -> vectors[i]).toArray(float[][]::new),
                    names);
        }
        ImageLabels some =
                ofClasses(Arrays.stream(indices).map(i -> classOf[i]).toArray(), List.of());
        return ofClasses(some.classOf, names.subList(0, Math.min(some.size(), names.size())));
    }

    /** A few words for people. */
    String inWords() {
        int size = size();
        if (isEmpty()) {
            return "no labels";
        }
        return areVectors()
                ? "label vectors of length " + size
                : size + (size == 1 ? " class" : " classes");
    }
}
