package io.github.edm2.models.data;

import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * Raw latents in NPY files, read each time they are needed; of what a file holds, a network sees a
 * sample.
 */
record LatentStore(ImageSource source, ImageShape shape) implements ImageStore {

    /**
     * Reads the headers of all files.
     *
     * @param source at least one NPY file
     */
    static LatentStore open(ImageSource source) {
        return new LatentStore(
                source,
                source.commonShape(
                        name ->
                                NpyLatents.header(
                                                source.beginning(name, NpyLatents.MAX_HEADER_BYTES),
                                                source.location(name))
                                        .shape(),
                        "All latents must have the same size",
                        "encode images of one size"));
    }

    @Override
    public int count() {
        return source.names().size();
    }

    @Override
    public Optional<String> location(int index) {
        return Optional.of(source.location(source.names().get(index)));
    }

    @Override
    public byte[] pixels(int index) {
        throw new DatasetException(
                source.location(source.names().get(index))
                        + " holds latents and no pixels; give a dataset of images");
    }

    @Override
    public void encode(int index, boolean mirrored, long seed, float[] values, int offset) {
        String name = source.names().get(index);
        float[] raw = read(name);
        notFinite(raw, name)
                .ifPresent(
                        problem -> {
                            throw new DatasetException(problem);
                        });
        // Mixed, because the seeds of neighbouring images are neighbours; Random's algorithm is
        // part of Java's specification.
        Random noise = new Random(new SplittableRandom(seed).nextLong());
        int length = shape.length();
        int width = shape.width();
        int plane = shape.height() * width;
        for (int row = 0; row < length; row += width) {
            for (int x = 0; x < width; x++) {
                int from = row + (mirrored ? width - 1 - x : x);
                values[offset + row + x] =
                        Latents.sample(
                                row / plane,
                                raw[from],
                                raw[length + from],
                                (float) noise.nextGaussian());
            }
        }
    }

    /**
     * What is wrong with the numbers of a file, in a sentence that names it: NaN or infinity.
     *
     * @throws DatasetException if the file is damaged
     */
    Optional<String> notFinite(int index) {
        String name = source.names().get(index);
        return notFinite(read(name), name);
    }

    private Optional<String> notFinite(float[] raw, String name) {
        int plane = shape.height() * shape.width();
        for (int i = 0; i < raw.length; i++) {
            if (!Float.isFinite(raw[i])) {
                return Optional.of(
                        "%s has the value %s in the %s of channel %d, row %d, column %d; encode the image again in single precision, or remove it"
                                .formatted(
                                        source.location(name),
                                        raw[i],
                                        i < shape.length() ? "mean" : "standard deviation",
                                        i / plane % Latents.CHANNELS,
                                        i % plane / shape.width(),
                                        i % shape.width()));
            }
        }
        return Optional.empty();
    }

    private float[] read(String name) {
        String location = source.location(name);
        byte[] file = source.content(name);
        NpyLatents header = NpyLatents.header(file, location);
        source.requireUnchanged(name, shape, header.shape());
        return header.values(file, location);
    }

    @Override
    public void close() {
        source.close();
    }
}
