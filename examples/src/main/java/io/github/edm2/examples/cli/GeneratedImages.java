package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.data.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        List<Path> files = seeds.stream().map(seed -> file(seed, pixels ? "png" : "npy")).toList();
        replaced += (int) files.stream().filter(Files::exists).count();
        if (pixels) {
            ImageFiles.write(images, files);
            return;
        }
        for (int i = 0; i < seeds.size(); i++) {
            byte[] npy = Nd4j.toNpyByteArray(images.slice(i).dup('c'));
            Files.createDirectories(files.get(i).getParent());
            AtomicFile.write(files.get(i), out -> out.write(npy));
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
}
