package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

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
        int count = source.names().size();
        Png[] headers =
                IntStream.range(0, count)
                        .parallel()
                        .mapToObj(index -> header(source, source.names().get(index)))
                        .toArray(Png[]::new);
        ImageShape shape = headers[0].shape();
        for (int i = 1; i < count; i++) {
            if (!headers[i].shape().equals(shape)) {
                throw new DatasetException(
                        "All images must have the same size and channels, but "
                                + source.location(source.names().get(0))
                                + " is "
                                + shape
                                + " and "
                                + source.location(source.names().get(i))
                                + " is "
                                + headers[i].shape()
                                + "; resize or convert them");
            }
        }
        return new PngStore(source, shape, cacheBytes);
    }

    private static Png header(ImageSource source, String name) {
        try (InputStream in = source.open(name)) {
            return Png.header(in.readNBytes(Png.HEADER_BYTES), source.location(name));
        } catch (IOException e) {
            throw DatasetException.unreadable(source.location(name), e);
        }
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
        byte[] file;
        try {
            file = source.read(name);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
        Png png = Png.header(file, location);
        if (!png.shape().equals(shape)) {
            throw new DatasetException(
                    location
                            + " was "
                            + shape
                            + " when the dataset was opened and is "
                            + png.shape()
                            + " now; open the dataset again");
        }
        return png.decode(file, location);
    }

    @Override
    public void close() {
        source.close();
    }
}
