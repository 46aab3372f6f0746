package io.github.edm2.examples;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.ImageFiles;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.sampling.Nd4jNoise;
import io.github.edm2.models.sampling.SeededNoise;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Draws images with a trained network into one PNG file: eight in a row, a row for each of the
 * first ten classes, or four rows if there are no classes.
 *
 * <pre>examples/run DrawGrid network.zip grid.png 32</pre>
 *
 * Arguments: a network file, of {@link TrainOnImages} for instance; the file to write; the number
 * of sampling steps, 32 unless given.
 */
public final class DrawGrid {

    private static final int COLUMNS = 8;
    private static final int ROWS_WITHOUT_CLASSES = 4;
    private static final int MOST_ROWS = 10;

    /** Side of the grid's pixels. */
    private static final int SCALE = 4;

    private DrawGrid() {}

    /** Draws and writes. */
    public static void main(String[] args) {
        if (args.length < 2) {
            throw new IllegalArgumentException("Arguments: NETWORK GRID [STEPS]");
        }
        int steps = args.length > 2 ? Integer.parseInt(args[2]) : 32;
        NetworkFile file = Edm2.read(Path.of(args[0]));
        NetworkOptions options = file.options();

        int classes = options.getLabelDim();
        int rows = classes == 0 ? ROWS_WITHOUT_CLASSES : Math.min(classes, MOST_ROWS);
        int count = rows * COLUMNS;
        INDArray labels = classes == 0 ? null : oneHot(count, classes);

        // A generator for each image: a seed gives the same image in any batch.
        long[] seeds = LongStream.range(0, count).toArray();
        int size = options.getImgResolution();
        try (SeededNoise noise = new Nd4jNoise(seeds, options.getImgChannels(), size, size)) {
            // Frozen: the weights are normalized once, not at every step.
            FrozenNetwork network = new FrozenNetwork(options, file.graph());
            INDArray images =
                    HeunSampler.builder()
                            .steps(steps)
                            .build()
                            .sample(Denoiser.of(network, labels), noise.get());
            ImageFiles.writeGrid(images, COLUMNS, SCALE, Path.of(args[1]));
        }
    }

    /** Class 0 for the first row of images, class 1 for the second. */
    private static INDArray oneHot(int count, int classes) {
        int[] classOf = IntStream.range(0, count).map(i -> i / COLUMNS).toArray();
        return Nd4j.eye(classes).castTo(DataType.FLOAT).getRows(classOf);
    }
}
