package io.github.edm2.examples;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.ImageFiles;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.sampling.SeededNoise;
import io.github.edm2.models.sampling.TorchCpuNoise;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Draws images with a network of the official PyTorch release, without Python: the images that the
 * release draws on a CPU with the same seeds.
 *
 * <pre>examples/run OfficialToPng edm2-img64-s-1073741-0.075.pkl images 8
 * examples/run OfficialToPng edm2-img64-s-1073741-0.045.pkl images 8 32 edm2-img64-xs-0134217-0.110.pkl 1.7
 * </pre>
 *
 * Arguments: a pickle of a network of pixels, as the ImageNet-64 ones are; the folder of the PNG
 * files; the number of images, 8 unless given; the number of sampling steps, 32 unless given; a
 * guide, which is a weaker network, and the strength of its guidance.
 */
public final class OfficialToPng {

    private OfficialToPng() {}

    /** Draws and writes. */
    public static void main(String[] args) {
        if (args.length < 2 || args.length == 5) {
            throw new IllegalArgumentException(
                    "Arguments: NETWORK FOLDER [IMAGES [STEPS [GUIDE GUIDANCE]]]");
        }
        int count = args.length > 2 ? Integer.parseInt(args[2]) : 8;
        int steps = args.length > 3 ? Integer.parseInt(args[3]) : 32;
        FrozenNetwork network = read(args[0]);
        NetworkOptions options = network.options();
        int size = options.getImgResolution();

        long[] seeds = LongStream.range(0, count).toArray();
        try (SeededNoise random = new TorchCpuNoise(seeds, options.getImgChannels(), size, size)) {
            INDArray noise = random.get();
            INDArray labels = null;
            if (options.getLabelDim() > 0) {
                int[] classes = random.randomClasses(options.getLabelDim()); // after the noise
                labels = Nd4j.eye(options.getLabelDim()).castTo(DataType.FLOAT).getRows(classes);
            }
            Denoiser denoiser = Denoiser.of(network, labels);
            if (args.length > 5) {
                Denoiser guide = Denoiser.of(read(args[4]), labels);
                denoiser = Denoiser.guided(denoiser, guide, Double.parseDouble(args[5]));
            }
            INDArray images = HeunSampler.builder().steps(steps).build().sample(denoiser, noise);
            ImageFiles.write(images, files(Path.of(args[1]), seeds));
        }
    }

    /** The file is read as data; nothing in it is run. */
    private static FrozenNetwork read(String file) {
        NetworkFile network = Edm2.read(Path.of(file));
        return new FrozenNetwork(network.options(), network.graph());
    }

    private static List<Path> files(Path folder, long[] seeds) {
        return Arrays.stream(seeds)
                .mapToObj(seed -> folder.resolve("%06d.png".formatted(seed)))
                .toList();
    }
}
