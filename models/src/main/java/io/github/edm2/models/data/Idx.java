package io.github.edm2.models.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Reads the IDX files of MNIST (http://yann.lecun.com/exdb/mnist/), as they are or compressed with
 * gzip.
 */
final class Idx {

    /** Unsigned bytes in three dimensions: images, rows, columns. */
    private static final int IMAGES_MAGIC = 0x00000803;

    /** Unsigned bytes in one dimension. */
    private static final int LABELS_MAGIC = 0x00000801;

    private static final int GZIP_MAGIC = 0x1f8b;

    private Idx() {}

    /**
     * Reads an images-idx3 file.
     *
     * @param in the file's bytes; not closed
     * @param location how messages call the file
     */
    static IdxStore images(InputStream in, String location) {
        try {
            DataInputStream idx = uncompressed(in);
            int count = count(idx, IMAGES_MAGIC, "images", location);
            ImageShape shape = new ImageShape(1, idx.readInt(), idx.readInt());
            if (!shape.isPlausible()) {
                throw new DatasetException(
                        location
                                + " states images of "
                                + shape
                                + ", but each side must be 1 to "
                                + ImageShape.MAX_SIDE
                                + " pixels; download it again");
            }
            List<byte[]> images = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                byte[] image = idx.readNBytes(shape.length());
                if (image.length < shape.length()) {
                    throw truncated(location, count, i);
                }
                images.add(image);
            }
            checkEnd(idx, location, count);
            return new IdxStore(shape, images);
        } catch (EOFException e) {
            throw truncatedHeader(location, e);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
    }

    /**
     * Reads a labels-idx1 file.
     *
     * @param in the file's bytes; not closed
     * @param location how messages call the file
     * @return labels, 0 to 255
     */
    static int[] labels(InputStream in, String location) {
        try {
            DataInputStream idx = uncompressed(in);
            int count = count(idx, LABELS_MAGIC, "labels", location);
            byte[] bytes = idx.readNBytes(count);
            if (bytes.length < count) {
                throw truncated(location, count, bytes.length);
            }
            checkEnd(idx, location, count);
            int[] labels = new int[count];
            for (int i = 0; i < count; i++) {
                labels[i] = Byte.toUnsignedInt(bytes[i]);
            }
            return labels;
        } catch (EOFException e) {
            throw truncatedHeader(location, e);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
    }

    private static DataInputStream uncompressed(InputStream in) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(in);
        buffered.mark(2);
        boolean gzip = (buffered.read() << 8 | buffered.read()) == GZIP_MAGIC;
        buffered.reset();
        return new DataInputStream(
                new BufferedInputStream(gzip ? new GZIPInputStream(buffered) : buffered));
    }

    private static int count(DataInputStream idx, int magic, String content, String location)
            throws IOException {
        int found = idx.readInt();
        if (found != magic) {
            throw new DatasetException(
                    String.format(
                            "%s begins with 0x%08x, but an IDX file of %s (unsigned bytes) begins with 0x%08x;"
                                    + " use the file of %s",
                            location, found, content, magic, content));
        }
        int count = idx.readInt();
        if (count < 1) {
            throw new DatasetException(
                    location
                            + " states a count of "
                            + count
                            + ", but it must be 1 to "
                            + Integer.MAX_VALUE
                            + "; download it again");
        }
        return count;
    }

    private static void checkEnd(InputStream idx, String location, int count) throws IOException {
        if (idx.read() >= 0) {
            throw new DatasetException(
                    location
                            + " goes on after the "
                            + count
                            + " items that its header states; download it again");
        }
    }

    private static DatasetException truncated(String location, int stated, int found) {
        return new DatasetException(
                location
                        + " is truncated: its header states "
                        + stated
                        + " items and it holds "
                        + found
                        + "; download it again");
    }

    private static DatasetException truncatedHeader(String location, EOFException cause) {
        return new DatasetException(
                location + " is truncated: the file ends too early; download it again", cause);
    }
}
