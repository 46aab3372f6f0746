package io.github.edm2.examples;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageShape;
import io.github.edm2.models.onnx.LatentEncoder;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import me.tongfei.progressbar.ProgressBar;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** {@code edm2 dataset encode}: makes a dataset of latents from one of RGB images. */
final class DatasetEncodeCommand implements Command {

    private static final Setting<Path> SOURCE =
            Setting.required("source", Kind.FILE, "folder or zip archive of RGB images");
    private static final Setting<Path> DEST =
            Setting.required("dest", Kind.FILE, "zip archive to write");
    private static final Setting<Path> ENCODER =
            Setting.required(
                    "encoder",
                    Kind.FILE,
                    "ONNX file of the encoder, which takes values from 0 to 1");
    private static final Setting<Boolean> LOG_VARIANCE =
            Setting.of(
                    "log-variance",
                    Kind.SWITCH,
                    false,
                    "the second half of the encoder's output is the logarithm of the variance, not the standard deviation");
    private static final Setting<Boolean> COND =
            Setting.of("cond", Kind.SWITCH, false, "keep the class labels");
    private static final Setting<Integer> BATCH =
            Setting.of("batch", Kind.SMALL_COUNT, 8, "images in memory at a time");
    private static final Setting<Integer> THREADS =
            Setting.derived("threads", Kind.SMALL_COUNT, "one per core", "threads of the encoder");

    private static final int IMAGES_PER_FOLDER = 1000;

    /** Of every entry, so that the same images give the same archive. */
    private static final LocalDateTime TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

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
        try (ImageDataset images =
                        ImageDataset.open(arguments.get(SOURCE), arguments.get(COND), 0);
                LatentEncoder encoder =
                        LatentEncoder.open(
                                arguments.get(ENCODER),
                                arguments.get(LOG_VARIANCE),
                                arguments.get(THREADS, 0))) {
            Files.createDirectories(dest.getParent());
            AtomicFile.write(
                    dest, stream -> write(images, encoder, arguments.get(BATCH), stream, out));
            out.printf("wrote the latents of %,d images to %s%n", images.count(), dest);
        }
    }

    private static void write(
            ImageDataset images,
            LatentEncoder encoder,
            int batch,
            OutputStream stream,
            PrintStream out)
            throws IOException {
        ZipOutputStream zip = new ZipOutputStream(stream);
        int count = images.count();
        Map<String, Integer> labels = new LinkedHashMap<>();
        try (ProgressBar bar = Progress.start("encode", "images", 1, 0, count, out)) {
            for (int from = 0; from < count; from += batch) {
                int to = Math.min(from + batch, count);
                INDArray latents = encoder.encode(pixels(images, from, to));
                for (int i = from; i < to; i++) {
                    String name = "%05d/img-mean-std-%08d.npy".formatted(i / IMAGES_PER_FOLDER, i);
                    add(zip, name, Nd4j.toNpyByteArray(latents.slice(i - from).dup('c')));
                    if (images.isConditional()) {
                        labels.put(name, images.label(i));
                    }
                }
                bar.stepTo(to);
            }
        }
        add(zip, "dataset.json", json(labels));
        zip.finish();
    }

    private static INDArray pixels(ImageDataset images, int from, int to) {
        ImageShape shape = images.shape();
        INDArray pixels =
                Nd4j.createUninitialized(
                        DataType.FLOAT, to - from, shape.channels(), shape.height(), shape.width());
        for (int i = from; i < to; i++) {
            byte[] image = images.pixels(i);
            float[] values = new float[image.length];
            for (int p = 0; p < values.length; p++) {
                values[p] = Byte.toUnsignedInt(image[p]);
            }
            pixels.slice(i - from)
                    .assign(
                            Nd4j.create(values)
                                    .reshape(shape.channels(), shape.height(), shape.width()));
        }
        return pixels;
    }

    private static byte[] json(Map<String, Integer> labels) throws IOException {
        List<List<Object>> pairs =
                labels.entrySet().stream()
                        .map(label -> List.<Object>of(label.getKey(), label.getValue()))
                        .toList();
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("labels", pairs.isEmpty() ? null : pairs);
        return new ObjectMapper().writeValueAsBytes(tree);
    }

    /** Adds an entry without compression, which latents do not yield to. */
    private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(TIME);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }
}
