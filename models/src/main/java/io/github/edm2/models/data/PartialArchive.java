package io.github.edm2.models.data;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.ExclusiveFile;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * An archive without compression that has its name only once it is complete, and stays beside it
 * until then, so that a program that was killed finds what it had done. The program writes the
 * archive from its beginning each time, with the entries that are there already instead of making
 * them again ({@link #entry}); only what differs reaches the disk. Whatever was left, the result
 * depends on what is written alone.
 *
 * <p>The name has a digest of all that the archive is made of ({@link ConversionDigest}): what is
 * left of other sources or options is not found, and deleted. Reading is safe for many threads,
 * also while one writes: what no longer is complete has another checksum.
 */
final class PartialArchive implements Closeable {

    private static final int BUFFER = 1 << 20;

    /** The local file header of APPNOTE.TXT 4.3.7, without name and extra field. */
    private static final int HEADER_BYTES = 30;

    private static final int SIGNATURE = 0x04034b50;
    private static final int METHOD_AT = 8;
    private static final int CRC_AT = 14;
    private static final int SIZE_AT = 22;
    private static final int NAME_LENGTH_AT = 26;
    private static final int EXTRA_LENGTH_AT = 28;

    private record Entry(long start, int size, int crc) {}

    private final Path dest;
    private final Path file;
    private final boolean replacesOther;
    private final FileChannel channel;
    private final long found;
    private final Map<String, Entry> entries = new HashMap<>();
    private final OutputStream out;
    private long position;

    /**
     * Finds what is left, or begins anew.
     *
     * @param dest the archive's name when it is complete; its folder is made
     * @param digest lower-case hexadecimal digits, of what the archive is made of
     * @throws DatasetException if another process writes it
     * @throws IOException if it cannot be read or created
     */
    PartialArchive(Path dest, String digest) throws IOException {
        this.dest = dest;
        Path folder = dest.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        file = folder.resolve(dest.getFileName() + "." + digest + ".partial");
        replacesOther = deleteOthers(folder);
        channel = open(file);
        found = channel.size();
        listEntries();
        out = new BufferedOutputStream(new Changes(), BUFFER);
    }

    private boolean deleteOthers(Path folder) throws IOException {
        Pattern name =
                Pattern.compile(
                        Pattern.quote(dest.getFileName().toString()) + "\\.[0-9a-f]+\\.partial");
        List<Path> others;
        try (Stream<Path> files = Files.list(folder)) {
            others =
                    files.filter(other -> name.matcher(other.getFileName().toString()).matches())
                            .filter(other -> !other.equals(file))
                            .toList();
        }
        for (Path other : others) {
            try (FileChannel left = open(other)) {
                Files.delete(other);
            }
        }
        return !others.isEmpty();
    }

    private FileChannel open(Path partial) throws IOException {
        return ExclusiveFile.open(partial)
                .orElseThrow(
                        () ->
                                new DatasetException(
                                        "Another conversion is writing "
                                                + dest
                                                + "; wait until it ends or choose another name"));
    }

    /** By hand: libraries need the directory at the end, or read all of the data in between. */
    private void listEntries() throws IOException {
        long at = 0;
        while (at + HEADER_BYTES <= found) {
            ByteBuffer header = read(at, HEADER_BYTES);
            int nameLength = Short.toUnsignedInt(header.getShort(NAME_LENGTH_AT));
            int extraLength = Short.toUnsignedInt(header.getShort(EXTRA_LENGTH_AT));
            int size = header.getInt(SIZE_AT);
            long start = at + HEADER_BYTES + nameLength + extraLength;
            boolean complete = size >= 0 && start + size <= found;
            if (header.getInt(0) != SIGNATURE || header.getShort(METHOD_AT) != 0 || !complete) {
                return;
            }
            byte[] name = read(at + HEADER_BYTES, nameLength).array();
            entries.put(
                    new String(name, StandardCharsets.UTF_8),
                    new Entry(start, size, header.getInt(CRC_AT)));
            at = start + size;
        }
    }

    /** Fewer bytes than asked for, at the end of the file, are followed by zeros. */
    private ByteBuffer read(long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        int count = 0;
        while (bytes.hasRemaining() && count >= 0) {
            count = channel.read(bytes, from + bytes.position());
        }
        return bytes.rewind();
    }

    /** Whether something of another source or made with other options was deleted. */
    boolean replacesOther() {
        return replacesOther;
    }

    /** Whether an earlier run has written an entry; its content may be damaged nevertheless. */
    boolean has(String name) {
        return entries.containsKey(name);
    }

    /** The content of an entry that an earlier run has written, if it is complete. */
    Optional<byte[]> entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            return Optional.empty();
        }
        try {
            byte[] content = read(entry.start, entry.size).array();
            CRC32 crc = new CRC32();
            crc.update(content);
            return (int) crc.getValue() == entry.crc ? Optional.of(content) : Optional.empty();
        } catch (IOException e) {
            // It can be made again.
            return Optional.empty();
        }
    }

    /** Takes the archive from its beginning. */
    OutputStream out() {
        return out;
    }

    /** Leaves alone what is there already. */
    private final class Changes extends OutputStream {

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            ByteBuffer piece = ByteBuffer.wrap(bytes, offset, length);
            boolean there = position + length <= found && read(position, length).equals(piece);
            while (!there && piece.hasRemaining()) {
                channel.write(piece, position + piece.position() - offset);
            }
            position += length;
        }
    }

    /**
     * Gives the archive, all of which was written, its name.
     *
     * @throws IOException if it cannot be flushed or renamed
     */
    void commit() throws IOException {
        out.flush();
        channel.truncate(position);
        channel.force(true);
        AtomicFile.rename(file, dest.toAbsolutePath());
    }

    /** Deletes it: the next run begins anew. */
    void discard() throws IOException {
        channel.close();
        Files.deleteIfExists(file);
    }

    /** Keeps what was written for the next run, if it was not committed or discarded. */
    @Override
    public void close() throws IOException {
        try (channel) {
            if (channel.isOpen()) {
                out.flush();
            }
        }
    }
}
