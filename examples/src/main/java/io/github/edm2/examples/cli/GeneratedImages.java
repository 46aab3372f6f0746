package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A folder of files named after the seeds of the images: PNG, or NPY with the numbers that the
 * network gave where these are no grey or RGB pixels but latents of an autoencoder.
 */
final class GeneratedImages {

    private static final int IMAGES_PER_FOLDER = 1000;

    private final Path folder;
    private final boolean subfolders;
    private int replaced;

    /**
     * @param folder created if need be
     * @param subfolders whether each thousand of seeds has a folder of its own
     */
    GeneratedImages(Path folder, boolean subfolders) {
        this.folder = folder;
        this.subfolders = subfolders;
    }

    /**
     * Writes images.
     *
     * @param seeds one per image
     * @param images [seeds, channels, height, width]; UINT8, if they are pixels
     * @param pixels whether they are grey or RGB pixels
     */
    void write(List<Long> seeds, INDArray images, boolean pixels) throws IOException {
        for (int i = 0; i < seeds.size(); i++) {
            INDArray one = images.slice(i);
            Path file = file(seeds.get(i), pixels ? "png" : "npy");
            replaced += Files.exists(file) ? 1 : 0;
            Files.createDirectories(file.getParent());
            AtomicFile.write(
                    file,
                    out -> {
                        if (pixels) {
                            ImageIO.write(image(one), "png", out);
                        } else {
                            out.write(Nd4j.toNpyByteArray(one.dup('c')));
                        }
                    });
        }
    }

    /** Files that were there before. */
    int replaced() {
        return replaced;
    }

    private Path file(long seed, String extension) {
        String name = "%06d.%s".formatted(seed, extension);
        return subfolders
                ? folder.resolve("%06d".formatted(seed - seed % IMAGES_PER_FOLDER)).resolve(name)
                : folder.resolve(name);
    }

    private static BufferedImage image(INDArray pixels) {
        int channels = (int) pixels.size(0);
        int height = (int) pixels.size(1);
        int width = (int) pixels.size(2);
        BufferedImage image =
                new BufferedImage(
                        width,
                        height,
                        channels == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
        WritableRaster raster = image.getRaster();
        for (int channel = 0; channel < channels; channel++) {
            int[] plane = pixels.slice(channel).dup('c').reshape(-1).toIntVector();
            raster.setSamples(0, 0, width, height, channel, plane);
        }
        return image;
    }
}
