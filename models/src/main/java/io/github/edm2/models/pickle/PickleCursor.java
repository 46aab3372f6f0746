package io.github.edm2.models.pickle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads a pickle from its beginning; what is large is passed on without being read. */
final class PickleCursor {

    private static final int BUFFER = 1 << 13;
    private static final int LONGEST_LINE = 1 << 10;

    private final FileSlice file;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN).flip();
    private long position;

    PickleCursor(FileSlice file) {
        this.file = file;
    }

    /** Where the next byte is. */
    long position() {
        return position;
    }

    /** The part of the file that it reads. */
    FileSlice file() {
        return file;
    }

    int unsignedByte() {
        return next(1).get() & 0xff;
    }

    int unsignedShort() {
        return next(Short.BYTES).getShort() & 0xffff;
    }

    int signedInt() {
        return next(Integer.BYTES).getInt();
    }

    long unsignedInt() {
        return signedInt() & 0xffffffffL;
    }

    /** Eight bytes; negative if it is 2^63 or more, which no length is. */
    long signedLong() {
        return next(Long.BYTES).getLong();
    }

    double bigEndianDouble() {
        return Double.longBitsToDouble(Long.reverseBytes(signedLong()));
    }

    /** Passes over bytes and returns them unread. */
    FileSlice skip(long bytes) {
        FileSlice skipped = file.slice(position, bytes);
        position += bytes;
        if (bytes <= buffer.remaining()) {
            buffer.position(buffer.position() + (int) bytes);
        } else {
            buffer.position(buffer.limit());
        }
        return skipped;
    }

    String utf8(long bytes) {
        ByteBuffer text;
        if (bytes >= 0 && bytes <= BUFFER) {
            ByteBuffer from = next((int) bytes);
            text = from.slice(from.position(), (int) bytes);
            from.position(from.position() + (int) bytes);
        } else {
            text = ByteBuffer.wrap(skip(bytes).bytes());
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
        } catch (CharacterCodingException e) {
            throw new PickleException("is damaged: the text before byte " + position, e);
        }
    }

    /** Text up to the next line feed, which is passed over. */
    String line() {
        StringBuilder line = new StringBuilder();
        for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
            if (line.length() == LONGEST_LINE) {
                throw new PickleException("is damaged: the name before byte " + position);
            }
            line.append((char) c);
        }
        return line.toString();
    }

    /** The buffer with at least so many bytes, which the caller takes. */
    private ByteBuffer next(int bytes) {
        if (buffer.remaining() < bytes) {
            long left = file.length() - position;
            if (left < bytes) {
                file.slice(position, bytes); // fails
            }
            buffer.clear().limit((int) Math.min(BUFFER, left));
            file.read(position, buffer);
            buffer.flip();
        }
        position += bytes;
        return buffer;
    }
}
