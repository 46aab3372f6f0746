package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.data.DatasetZip;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.onnx.LatentDecoder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code edm2 dataset decode}: makes a dataset of RGB images from one of latents. */
final class DatasetDecodeCommand implements Command {

    private static final Setting<Path> SOURCE =
            Setting.required("source", Kind.FILE, "folder or zip archive of latents");
    private static final Setting<Path> DEST =
            Setting.required("dest", Kind.OUTPUT_FILE, "zip archive to write");
    private static final Setting<Path> DECODER =
            Setting.required(
                    "decoder",
                    Kind.ONNX,
                    "the decoder, which gives values from 0 to 1: an ONNX file, or the name of one in the"
                            + " cache folder");
    private static final Setting<Integer> BATCH =
            Setting.of("batch", Kind.SMALL_COUNT, 8, "images in memory at a time");
    private static final Setting<Integer> THREADS =
            Setting.derived("threads", Kind.SMALL_COUNT, "one per core", "threads of the decoder");

    @Override
    public String name() {
        return "dataset decode";
    }

    @Override
    public String summary() {
        return "Make a dataset of images from latents";
    }

    @Override
    public String details() {
        return "Each image is decoded from one sample of its latents, the same each time. Labels and class names"
                + " are kept. The archive holds PNG files; it appears when it is complete.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(SOURCE, DEST, DECODER, BATCH, THREADS);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Path source = arguments.get(SOURCE);
        Path dest = arguments.get(DEST).toAbsolutePath();
        try (ImageDataset latents = ImageDataset.open(source)) {
            if (!latents.holdsLatents()) {
                throw new CommandException(
                        "%s holds images, but --source must hold latents in NPY files, as dataset encode writes them"
                                .formatted(source));
            }
            try (LatentDecoder decoder =
                    LatentDecoder.open(arguments.get(DECODER), arguments.get(THREADS, 0))) {
                decode(latents, decoder, arguments.get(BATCH), dest, out);
            }
            out.printf("wrote %s to %s%n", Count.images(latents.count()), dest);
            ClassList.of(latents.classNames()).show(out);
        }
    }

    private static void decode(
            ImageDataset latents, LatentDecoder decoder, int batch, Path dest, PrintStream out)
            throws IOException {
        int count = latents.count();
        try (DatasetZip zip = DatasetZip.ofPixels(dest);
                ProgressBar bar = Progress.start("decode", "images", 1, 0, count, out)) {
            for (int from = 0; from < count; from += batch) {
                int to = Math.min(from + batch, count);
                int[] indices = IntStream.range(from, to).toArray();
                INDArray images = decoder.decode(latents.images(indices));
                for (int i : indices) {
                    zip.add(i, images.slice(i - from), latents);
                }
                bar.stepTo(to);
            }
            zip.commit();
        }
    }
}
