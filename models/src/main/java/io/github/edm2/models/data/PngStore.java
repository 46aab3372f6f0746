package io.github.edm2.models.data;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * PNG files, decoded when they are needed. Decoded images are kept until a number of bytes is
 * reached and from then on stay: shuffled training visits every image once an epoch, so that
 * evicting any of them for another gains nothing.
 */
final class PngStore implements ImageStore {

    private final ImageSource source;
    private final ImageShape shape;
    private final AtomicReferenceArray<byte[]> cache;
    private final AtomicLong cacheBytesLeft;

    private PngStore(ImageSource source, ImageShape shape, long cacheBytes) {
        this.source = source;
        this.shape = shape;
        this.cache = new AtomicReferenceArray<>(source.names().size());
        this.cacheBytesLeft = new AtomicLong(cacheBytes);
    }

    /**
     * Reads the headers of all files.
     *
     * @param source at least one PNG file
     * @param cacheBytes most bytes of decoded images to keep in memory
     */
    static PngStore open(ImageSource source, long cacheBytes) {
        ImageShape shape =
                source.commonShape(
                        Png.HEADER_BYTES,
                        (bytes, location) -> Png.header(bytes, location).shape(),
                        "All images must have the same size and channels",
                        "resize or convert them");
        return new PngStore(source, shape, cacheBytes);
    }

    @Override
    public int count() {
        return cache.length();
    }

    @Override
    public ImageShape shape() {
        return shape;
    }

    @Override
    public Optional<String> location(int index) {
        return Optional.of(source.location(source.names().get(index)));
    }

    @Override
    public byte[] pixels(int index) {
        byte[] pixels = cache.get(index);
        if (pixels == null) {
            pixels = decode(source.names().get(index));
            if (cacheBytesLeft.addAndGet(-pixels.length) < 0
                    || !cache.compareAndSet(index, null, pixels)) {
                cacheBytesLeft.addAndGet(pixels.length);
            }
        }
        return pixels;
    }

    private byte[] decode(String name) {
        String location = source.location(name);
        byte[] file = source.content(name);
        Png png = Png.header(file, location);
        source.requireUnchanged(name, shape, png.shape());
        return png.decode(file, location);
    }

    @Override
    public void close() {
        source.close();
    }
}
