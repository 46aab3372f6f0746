package io.github.edm2.models.data;

import io.github.edm2.ema.AtomicOutput;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.core.JsonFactory;
import org.nd4j.shade.jackson.core.JsonGenerator;

/**
 * Writes a dataset as the EDM2 reference implementation reads it: an archive without compression of
 * {@code 00000/img00000000.png} and so on, or {@code 00000/img-mean-std-00000000.npy} for latents,
 * a thousand images to a folder, and a {@code dataset.json}. It has its name only once it is
 * complete, and the same images give the same bytes.
 */
public final class DatasetZip implements Closeable {

    private static final int IMAGES_OF_FOLDER = 1000;

    /** The same always; formats of zip archives know no earlier year than 1980. */
    private static final LocalDateTime TIMESTAMP = LocalDateTime.of(1980, 2, 1, 0, 0);

    private static final String IMAGE = "%05d/img%08d.png";
    private static final String LATENTS = "%05d/img-mean-std-%08d.npy";

    private static final int BUFFER = 1 << 20;

    /** Gives the complete archive its name. */
    private interface Commit {
        void run() throws IOException;
    }

    private final String form;
    private final Commit commit;
    private final Closeable output;
    private final ZipOutputStream zip;
    private final List<Integer> numbers = new ArrayList<>();
    private ImageLabels labels = ImageLabels.NONE;

    /**
     * Begins an archive of PNG files, which the next run of the program continues if it is not
     * committed or discarded.
     */
    static DatasetZip ofImages(PartialArchive archive) {
        return new DatasetZip(IMAGE, archive.out(), archive::commit, archive);
    }

    /**
     * Begins an archive of NPY files with raw latents ({@link Latents}).
     *
     * @param file created, with its folder, or replaced by {@link #commit}
     * @throws IOException if it cannot be written
     */
    public static DatasetZip ofLatents(Path file) throws IOException {
        return begin(LATENTS, file);
    }

    /**
     * Begins an archive of PNG files.
     *
     * @param file created, with its folder, or replaced by {@link #commit}
     * @throws IOException if it cannot be written
     */
    public static DatasetZip ofPixels(Path file) throws IOException {
        return begin(IMAGE, file);
    }

    private static DatasetZip begin(String form, Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        AtomicOutput output = AtomicOutput.of(file);
        OutputStream out =
                new BufferedOutputStream(Channels.newOutputStream(output.channel()), BUFFER);
        return new DatasetZip(form, out, () -> output.commit(file), output);
    }

    private DatasetZip(String form, OutputStream out, Commit commit, Closeable output) {
        this.form = form;
        this.commit = commit;
        this.output = output;
        zip = new ZipOutputStream(out);
        zip.setMethod(ZipOutputStream.STORED);
    }

    /**
     * Adds the file of an image.
     *
     * @param number index of the image in its dataset
     * @param image content of the file
     * @param labelled dataset whose labels and class names are kept, if it was opened with labels;
     *     the same for all images
     */
    public void add(int number, byte[] image, ImageDataset labelled) throws IOException {
        add(number, image, labelled.labels());
    }

    /**
     * Adds an image.
     *
     * @param pixels RGB, [3, height, width], UINT8
     * @param labelled as for the files of images
     */
    public void add(int number, INDArray pixels, ImageDataset labelled) throws IOException {
        byte[] planes = pixels.dup('c').data().asBytes();
        RgbImage image = new RgbImage((int) pixels.size(1), (int) pixels.size(2), planes);
        add(number, UncompressedPng.encode(image), labelled.labels());
    }

    /** The same with the labels of all images. */
    void add(int number, byte[] image, ImageLabels labelsOfAll) throws IOException {
        put(name(form, number), image);
        numbers.add(number);
        labels = labelsOfAll;
    }

    /** Name of the entry of image {@code number} in an archive of images. */
    static String imageName(int number) {
        return name(IMAGE, number);
    }

    private static String name(String form, int number) {
        return String.format(form, number / IMAGES_OF_FOLDER, number);
    }

    /** Adds the label file and gives the archive its name. */
    public void commit() throws IOException {
        put(LabelFile.NAME, labelFile());
        zip.finish();
        zip.flush();
        commit.run();
    }

    /** Labels of the images that were added. */
    ImageLabels labels() {
        return labels.of(numbers.stream().mapToInt(Integer::intValue).toArray());
    }

    private byte[] labelFile() throws IOException {
        ImageLabels written = labels();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            json.writeFieldName(LabelFile.LABELS);
            if (written.isEmpty()) {
                json.writeNull();
            } else {
                json.writeStartArray();
                for (int i = 0; i < numbers.size(); i++) {
                    json.writeStartArray();
                    json.writeString(name(form, numbers.get(i)));
                    writeLabel(json, written, i);
                    json.writeEndArray();
                }
                json.writeEndArray();
            }
            if (!written.names().isEmpty()) {
                json.writeArrayFieldStart(LabelFile.CLASSES);
                for (String name : written.names()) {
                    json.writeString(name);
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void writeLabel(JsonGenerator json, ImageLabels labels, int index)
            throws IOException {
        if (!labels.areVectors()) {
            json.writeNumber(labels.classOf()[index]);
            return;
        }
        json.writeStartArray();
        for (float element : labels.vectors()[index]) {
            json.writeNumber(element);
        }
        json.writeEndArray();
    }

    private void put(String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(TIMESTAMP);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /** Deletes what was not committed, or keeps it for a conversion that can be continued. */
    @Override
    public void close() throws IOException {
        output.close();
    }
}
