package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.data.DatasetZip;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.onnx.LatentEncoder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@code edm2 dataset encode}: makes a dataset of latents from one of RGB images. */
final class DatasetEncodeCommand implements Command {

    private static final Setting<Path> SOURCE =
            Setting.required("source", Kind.FILE, "folder or zip archive of RGB images");
    private static final Setting<Path> DEST =
            Setting.required("dest", Kind.OUTPUT_FILE, "zip archive to write");
    private static final Setting<Path> ENCODER =
            Setting.required(
                    "encoder",
                    Kind.ONNX,
                    "the encoder, which takes values from 0 to 1: an ONNX file, or the name of one in the"
                            + " cache folder");
    private static final Setting<Boolean> LOG_VARIANCE =
            Setting.of(
                    "log-variance",
                    Kind.SWITCH,
                    false,
                    "the second half of the encoder's output is the logarithm of the variance, not the standard deviation");
    private static final Setting<Boolean> COND = LabelledData.cond("keep the class labels");
    private static final Setting<Integer> BATCH =
            Setting.of("batch", Kind.SMALL_COUNT, 8, "images in memory at a time");
    private static final Setting<Integer> THREADS =
            Setting.derived("threads", Kind.SMALL_COUNT, "one per core", "threads of the encoder");

    @Override
    public String name() {
        return "dataset encode";
    }

    @Override
    public String summary() {
        return "Make a dataset of latents from images";
    }

    @Override
    public String details() {
        return "The archive holds the mean and the standard deviation of each image's latents; training draws"
                + " new samples of them. The same images and encoder give the same archive on the same machine.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(SOURCE, DEST, ENCODER, LOG_VARIANCE, COND, BATCH, THREADS);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Path dest = arguments.get(DEST).toAbsolutePath();
        try (ImageDataset images = LabelledData.open(arguments.get(SOURCE), arguments.get(COND));
                LatentEncoder encoder =
                        LatentEncoder.open(
                                arguments.get(ENCODER),
                                arguments.get(LOG_VARIANCE),
                                arguments.get(THREADS, 0))) {
            encode(images, encoder, arguments.get(BATCH), dest, out);
            out.printf("wrote the latents of %s to %s%n", Count.images(images.count()), dest);
            ClassList.of(images.classNames()).show(out);
        }
    }

    private static void encode(
            ImageDataset images, LatentEncoder encoder, int batch, Path dest, PrintStream out)
            throws IOException {
        int count = images.count();
        try (DatasetZip zip = DatasetZip.ofLatents(dest);
                ProgressBar bar = Progress.start("encode", "images", 1, 0, count, out)) {
            for (int from = 0; from < count; from += batch) {
                int to = Math.min(from + batch, count);
                int[] indices = IntStream.range(from, to).toArray();
                INDArray latents = encoder.encode(images.pixelBatch(indices));
                for (int i : indices) {
                    requireFinite(latents.slice(i - from), i, images);
                    byte[] file = Nd4j.toNpyByteArray(latents.slice(i - from).dup('c'));
                    zip.add(i, file, images);
                }
                bar.stepTo(to);
            }
            zip.commit();
        }
    }

    /** The difference is zero but for NaN and infinity. */
    private static void requireFinite(INDArray latents, int index, ImageDataset images) {
        if (!Double.isFinite(latents.sub(latents).sumNumber().doubleValue())) {
            throw new CommandException(
                    "--encoder gives NaN or infinity for the image %s; use an encoder in single precision, or remove the image"
                            .formatted(images.location(index)));
        }
    }
}
