package io.github.edm2.models.pickle;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/**
 * A part of a file, which is read only when somebody asks for it. Readers of one channel share its
 * position: one thread at a time.
 */
final class FileSlice {

    private final SeekableByteChannel channel;
    private final long begin;
    private final long length;

    /** The whole file. */
    FileSlice(SeekableByteChannel channel) {
        this.channel = channel;
        this.begin = 0;
        try {
            this.length = channel.size();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private FileSlice(SeekableByteChannel channel, long begin, long length) {
        this.channel = channel;
        this.begin = begin;
        this.length = length;
    }

    /** Bytes in it. */
    long length() {
        return length;
    }

    /**
     * A part of this part.
     *
     * @throws PickleException if it reaches beyond the end
     */
    FileSlice slice(long from, long bytes) {
        if (from < 0 || bytes < 0 || from > length || bytes > length - from) {
            throw new PickleException(
                    "is damaged or cut short: %d bytes at %d reach beyond its %d bytes"
                            .formatted(bytes, begin + from, begin + length));
        }
        return new FileSlice(channel, begin + from, bytes);
    }

    /**
     * Fills a buffer.
     *
     * @param from where the bytes begin in this part
     * @throws PickleException if that reaches beyond the end or cannot be read
     */
    void read(long from, ByteBuffer target) {
        FileSlice wanted = slice(from, target.remaining());
        try {
            channel.position(wanted.begin);
            while (target.hasRemaining()) {
                if (channel.read(target) < 0) {
                    throw new EOFException("it ends too early");
                }
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** All bytes; for small parts. */
    byte[] bytes() {
        if (length > Integer.MAX_VALUE - Long.BYTES) {
            throw new PickleException("has a text or number of " + length + " bytes, too large");
        }
        byte[] bytes = new byte[(int) length];
        read(0, ByteBuffer.wrap(bytes));
        return bytes;
    }

    private static PickleException unreadable(IOException e) {
        String why = e.getMessage() == null ? "it was closed" : e.getMessage();
        return new PickleException("cannot be read: " + why, e);
    }
}
