package io.github.edm2.models.data;

import io.github.edm2.models.Count;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Makes a dataset for training of images as one finds them: a folder tree or zip archive of image
 * files, an IDX file (MNIST) or the binary batches of CIFAR-10, all to RGB of one size in an
 * uncompressed archive of uncompressed PNG files, as the EDM2 reference implementation trains on.
 *
 * <p>Images are decoded and transformed by all processors and written in the order of the source,
 * whose numbers they keep: one that is skipped leaves a gap in the file names. A few images per
 * processor are in memory at a time. The archive appears under its name when it is complete, or not
 * at all; the same source gives the same bytes. A conversion that was killed or interrupted, or for
 * which the disk was too small, leaves the images that it had written beside the archive's name,
 * and the next one with the same source and options continues with them ({@link PartialArchive}).
 */
public final class DatasetConverter {

    /** So many that a processor has work while the others' images wait to be written. */
    private static final int IMAGES_OF_PROCESSOR = 4;

    /** Follows a conversion. Called by the thread that converts. */
    public interface Progress {

        /**
         * Called at first, if an interrupted conversion is continued.
         *
         * @param done first images of the source that need not be converted again
         * @param total images of the source that are to be converted
         */
        void resumed(int done, int total);

        /**
         * Called at first, if what an interrupted conversion to the same archive has left was
         * deleted, because its source or its options were others.
         */
        void restarted();

        /**
         * Called after each image.
         *
         * @param done images that are written or left out
         * @param total images of the source that are to be converted
         */
        void update(int done, int total);

        /**
         * Called for each image that cannot be read.
         *
         * @param message names the image and what is wrong with it
         */
        void unreadable(String message);
    }

    /**
     * What became of the images.
     *
     * @param written how many are in the archive
     * @param skipped how many the transform left out
     * @param unreadable how many could not be read
     * @param size width and height of the written ones
     * @param classes largest label plus 1, or length of label vectors; 0 without labels
     * @param labelVectors whether the labels are vectors of numbers
     * @param classNames names of the classes in the order of their labels; empty if unknown
     * @param leftOut which files of the source are no images, for example {@code 8 files left out:
     *     .txt (8)}, or are beside its training set; empty if there are none
     * @param unturned how many of the images that were read have an EXIF orientation that was not
     *     asked for
     */
    public record Summary(
            int written,
            int skipped,
            int unreadable,
            Resolution size,
            int classes,
            boolean labelVectors,
            List<String> classNames,
            String leftOut,
            int unturned) {}

    private record Converted(Resolution size, byte[] png) {}

    private final RawImages images;
    private final PartialArchive archive;
    private final ConversionOptions options;
    private final Progress progress;
    private final int count;
    private int written;
    private int skipped;
    private int unreadable;
    private String firstUnreadable;
    private int firstWritten;
    private Resolution size;

    private DatasetConverter(
            RawImages images,
            PartialArchive archive,
            ConversionOptions options,
            Progress progress) {
        this.images = images;
        this.archive = archive;
        this.options = options;
        this.progress = progress;
        this.count = Math.min(images.count(), options.maxImages());
    }

    /**
     * Converts.
     *
     * @param source what to convert
     * @param dest archive to write, in a folder that is made if need be; replaced if it exists
     * @throws DatasetException if there are no images, the labels are wrong, an image cannot be
     *     read and must not be left out, the images differ in size, or are of a size that is not
     *     allowed; nothing is left for a next conversion then. If another process converts to the
     *     same archive
     * @throws IOException if the archive cannot be written
     * @throws CancellationException if the thread is interrupted
     */
    public static Summary convert(
            Path source, Path dest, ConversionOptions options, Progress progress)
            throws IOException {
        try (RawImages images =
                        RawImages.open(source, options.upright(), options.resolution() != null);
                PartialArchive archive =
                        new PartialArchive(dest, ConversionDigest.of(images, options));
                DatasetZip zip = DatasetZip.ofImages(archive)) {
            DatasetConverter converter = new DatasetConverter(images, archive, options, progress);
            try {
                converter.tellStart();
                converter.writeTo(zip);
                converter.checkComplete();
            } catch (DatasetException e) {
                archive.discard();
                throw e;
            }
            zip.commit();
            return converter.summary(zip.labels());
        }
    }

    private void tellStart() {
        int done = count;
        while (done > 0 && !archive.has(DatasetZip.imageName(done - 1))) {
            done--;
        }
        if (done > 0) {
            progress.resumed(done, count);
        } else if (archive.replacesOther()) {
            progress.restarted();
        }
    }

    private void writeTo(DatasetZip zip) throws IOException {
        int processors = Runtime.getRuntime().availableProcessors();
        ExecutorService threads = Executors.newFixedThreadPool(processors);
        try {
            Queue<Future<Optional<Converted>>> waiting = new ArrayDeque<>();
            int begun = 0;
            for (int index = 0; index < count; index++) {
                while (begun < count && waiting.size() < processors * IMAGES_OF_PROCESSOR) {
                    int next = begun++;
                    waiting.add(threads.submit(() -> convert(next)));
                }
                write(index, waiting.remove(), zip);
                progress.update(index + 1, count);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private Optional<Converted> convert(int index) {
        Optional<byte[]> png = archive.entry(DatasetZip.imageName(index));
        if (png.isPresent()) {
            ImageShape shape = Png.header(png.get(), images.location(index)).shape();
            return Optional.of(
                    new Converted(new Resolution(shape.width(), shape.height()), png.get()));
        }
        return options.transform()
                .apply(images.read(index), options.resolution())
                .map(image -> new Converted(image.resolution(), UncompressedPng.encode(image)));
    }

    private void write(int index, Future<Optional<Converted>> result, DatasetZip zip)
            throws IOException {
        Optional<Converted> image;
        try {
            // A result that is there already would be given to an interrupted thread, too.
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            image = result.get();
        } catch (ExecutionException e) {
            noteUnreadable(e.getCause());
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("The conversion was interrupted");
        }
        if (image.isEmpty()) {
            skipped++;
            return;
        }
        checkSize(index, image.get().size());
        written++;
        zip.add(index, image.get().png(), images.labels());
    }

    private void noteUnreadable(Throwable problem) {
        if (problem instanceof DatasetException) {
            unreadable++;
            firstUnreadable = firstUnreadable == null ? problem.getMessage() : firstUnreadable;
            progress.unreadable(problem.getMessage());
        } else if (problem instanceof Error error) {
            throw error;
        } else {
            throw new IllegalStateException(problem);
        }
    }

    private void checkSize(int index, Resolution found) {
        if (size == null) {
            size = found;
            firstWritten = index;
            if (!options.anySize() && !ConversionOptions.isTrainable(size)) {
                throw new DatasetException(
                        images.location(index)
                                + " is "
                                + size
                                + " (width x height), but the images must be squares whose side is a power"
                                + " of two; give a transform and a resolution or allow any size (any-size)");
            }
        }
        if (!found.equals(size)) {
            throw new DatasetException(
                    "Without a transform all images must have the same size, but "
                            + images.location(firstWritten)
                            + " is "
                            + size
                            + " and "
                            + images.location(index)
                            + " is "
                            + found
                            + " (width x height); give a transform and a resolution");
        }
    }

    private void checkComplete() {
        if (unreadable > 0 && !options.skipBad()) {
            throw new DatasetException(
                    unreadable
                            + " of "
                            + Count.images(count)
                            + " cannot be read, so nothing was written; repair or remove them, or"
                            + " leave them out (--skip-bad); the first: "
                            + firstUnreadable);
        }
        if (written == 0) {
            throw new DatasetException(
                    "No image is left: "
                            + skipped
                            + " too small or too elongated for "
                            + options.transform()
                            + " and "
                            + unreadable
                            + " unreadable; choose a smaller resolution or another transform");
        }
    }

    private Summary summary(ImageLabels labels) {
        return new Summary(
                written,
                skipped,
                unreadable,
                size,
                labels.size(),
                labels.areVectors(),
                labels.names(),
                images.leftOut(),
                images.unturned());
    }
}
