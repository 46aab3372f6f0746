package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Image files, decoded when they are needed. Decoded images are kept until a number of bytes is
 * reached and from then on stay: shuffled training visits every image once an epoch, so that
 * evicting any of them for another gains nothing.
 */
final class ImageFileStore implements ImageStore {

    private static final List<String> PNG = List.of(".png");

    private final ImageSource source;
    private final ImageShape shape;
    private final AtomicReferenceArray<byte[]> cache;
    private final AtomicLong cacheBytesLeft;

    private ImageFileStore(ImageSource source, ImageShape shape, long cacheBytes) {
        this.source = source;
        this.shape = shape;
        this.cache = new AtomicReferenceArray<>(source.names().size());
        this.cacheBytesLeft = new AtomicLong(cacheBytes);
    }

    /**
     * Reads the headers of all files.
     *
     * @param source at least one image file
     * @param cacheBytes most bytes of decoded images to keep in memory
     */
    static ImageFileStore open(ImageSource source, long cacheBytes) {
        ImageShape shape =
                source.commonShape(
                        name -> shape(source, name),
                        "All images must have the same size and channels",
                        "resize or convert them");
        return new ImageFileStore(source, shape, cacheBytes);
    }

    private static ImageShape shape(ImageSource source, String name) {
        String location = source.location(name);
        if (isPng(name)) {
            return Png.header(source.beginning(name, Png.HEADER_BYTES), location).shape();
        }
        try (InputStream in = source.open(name)) {
            return ImageDecoder.shape(in, location);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
    }

    private static boolean isPng(String name) {
        return ImageSource.isImage(name, PNG);
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
        if (!isPng(name)) {
            RgbImage image = ImageDecoder.decode(file, location, false);
            source.requireUnchanged(name, shape, image.shape());
            return image.planes();
        }
        Png png = Png.header(file, location);
        source.requireUnchanged(name, shape, png.shape());
        return png.decode(file, location);
    }

    @Override
    public void close() {
        source.close();
    }
}
