package io.github.edm2.examples;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageShape;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the images that come with the library ({@link io.github.edm2.models.data.EmbeddedImages})
 * from the files of Fashion-MNIST: the first 2,000 training images and 200 test images of each
 * class, in the order of the files. Each is padded from 28x28 to 32x32 pixels with black and
 * averaged over blocks of 2x2 pixels, in integers, so that the result is the same everywhere.
 *
 * <p>Arguments: the folder with the four files (package {@code dataset-fashion-mnist} of Debian:
 * {@code /usr/share/datasets/fashion-mnist}) and the folder to write to ({@code
 * models/src/main/resources/io/github/edm2/models/data/fashion-mnist-16}).
 */
public final class MakeEmbeddedImages {

    private static final Logger log = LoggerFactory.getLogger(MakeEmbeddedImages.class);

    private static final int CLASSES = 10;
    private static final int TRAIN_PER_CLASS = 2000;
    private static final int TEST_PER_CLASS = 200;

    private static final int SOURCE_SIDE = 28;
    private static final int PADDING = 2;
    private static final int SIDE = (SOURCE_SIDE + 2 * PADDING) / 2;

    private MakeEmbeddedImages() {}

    /**
     * Reads the four files and writes four smaller ones of the same names.
     *
     * @param args source folder, destination folder
     * @throws IOException if a file cannot be written
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException(
                    "two arguments are needed, the folder of Fashion-MNIST and the folder to write to, got "
                            + args.length);
        }
        Path source = Path.of(args[0]);
        Path destination = Path.of(args[1]);
        Files.createDirectories(destination);
        reduce(source, destination, "train", TRAIN_PER_CLASS);
        reduce(source, destination, "t10k", TEST_PER_CLASS);
    }

    private static void reduce(Path source, Path destination, String set, int perClass)
            throws IOException {
        String images = set + "-images-idx3-ubyte.gz";
        String labels = set + "-labels-idx1-ubyte.gz";
        try (ImageDataset dataset = ImageDataset.open(source.resolve(images), true)) {
            if (!dataset.shape().equals(new ImageShape(1, SOURCE_SIDE, SOURCE_SIDE))) {
                throw new IllegalArgumentException(
                        source.resolve(images) + " must hold 28x28 images, got " + dataset.shape());
            }
            List<Integer> chosen = firstOfEachClass(dataset, perClass);
            try (DataOutputStream out = gzip(destination.resolve(images))) {
                out.writeInt(0x00000803);
                out.writeInt(chosen.size());
                out.writeInt(SIDE);
                out.writeInt(SIDE);
                for (int index : chosen) {
                    out.write(reduce(dataset.pixels(index)));
                }
            }
            try (DataOutputStream out = gzip(destination.resolve(labels))) {
                out.writeInt(0x00000801);
                out.writeInt(chosen.size());
                for (int index : chosen) {
                    out.writeByte(dataset.label(index));
                }
            }
            log.info(
                    "{}: {} images of {}x{}",
                    destination.resolve(images),
                    chosen.size(),
                    SIDE,
                    SIDE);
        }
    }

    private static List<Integer> firstOfEachClass(ImageDataset dataset, int perClass) {
        int[] taken = new int[CLASSES];
        List<Integer> chosen = new ArrayList<>();
        for (int i = 0; i < dataset.count(); i++) {
            if (taken[dataset.label(i)]++ < perClass) {
                chosen.add(i);
            }
        }
        return chosen;
    }

    private static byte[] reduce(byte[] image) {
        byte[] reduced = new byte[SIDE * SIDE];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int top = 2 * y - PADDING;
                int left = 2 * x - PADDING;
                int sum =
                        pixel(image, top, left)
                                + pixel(image, top, left + 1)
                                + pixel(image, top + 1, left)
                                + pixel(image, top + 1, left + 1);
                reduced[y * SIDE + x] = (byte) ((sum + 2) / 4);
            }
        }
        return reduced;
    }

    private static int pixel(byte[] image, int y, int x) {
        boolean inside = y >= 0 && y < SOURCE_SIDE && x >= 0 && x < SOURCE_SIDE;
        return inside ? Byte.toUnsignedInt(image[y * SOURCE_SIDE + x]) : 0;
    }

    private static DataOutputStream gzip(Path file) throws IOException {
        return new DataOutputStream(new SmallestGzip(Files.newOutputStream(file)));
    }

    /** Compresses as well as it can; the header carries no time. */
    private static final class SmallestGzip extends GZIPOutputStream {
        SmallestGzip(OutputStream out) throws IOException {
            super(out);
            def.setLevel(Deflater.BEST_COMPRESSION);
        }
    }
}
