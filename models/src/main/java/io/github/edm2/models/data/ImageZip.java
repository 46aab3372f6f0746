package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Image files in a zip archive, which stays open until {@link #close}. A backslash in a name
 * separates folders as a slash does; of entries of the same name the last one counts. Names are
 * keys only: none of them leads to a file outside the archive.
 */
record ImageZip(
        Path file,
        ZipFile zip,
        String root,
        List<String> names,
        Map<String, ZipEntry> entries,
        String leftOut)
        implements ImageSource {

    /** What names without the flag for UTF-8 are in (APPNOTE.TXT, appendix D). */
    private static final String OLD_NAMES = "IBM437";

    static ImageZip open(Path file, List<String> extensions) {
        try {
            ZipFile zip = openZip(file);
            Map<String, ZipEntry> entries = new HashMap<>();
            zip.stream()
                    .filter(entry -> !isFolder(entry.getName()))
                    .forEach(entry -> entries.put(plain(entry.getName()), entry));
            ImageListing listing = ImageListing.of(entries.keySet(), extensions);
            return new ImageZip(
                    file, zip, listing.root(), listing.names(), entries, listing.leftOut());
        } catch (ZipException e) {
            throw new DatasetException(
                    file
                            + " is not a complete zip archive ("
                            + e.getMessage()
                            + "); download or create it again",
                    e);
        } catch (IOException e) {
            throw DatasetException.unreadable(file.toString(), e);
        }
    }

    /** Takes names for UTF-8, as most programs write them with or without the flag, if it can. */
    private static ZipFile openZip(Path file) throws IOException {
        try {
            return new ZipFile(file.toFile(), StandardCharsets.UTF_8);
        } catch (ZipException notUtf8) {
            try {
                return new ZipFile(file.toFile(), Charset.forName(OLD_NAMES));
            } catch (ZipException damaged) {
                damaged.addSuppressed(notUtf8);
                throw damaged;
            }
        }
    }

    private static boolean isFolder(String name) {
        return name.endsWith("/") || name.endsWith("\\");
    }

    /** The name with slashes, without empty parts and those that mean the same folder. */
    private static String plain(String name) {
        return Arrays.stream(name.split("[/\\\\]"))
                .filter(part -> !part.isEmpty() && !part.equals("."))
                .collect(Collectors.joining("/"));
    }

    @Override
    public List<Path> files() {
        return List.of(file);
    }

    @Override
    public String location(String name) {
        return file + "!/" + root + name;
    }

    @Override
    public InputStream open(String name) throws IOException {
        return zip.getInputStream(entries.get(root + name));
    }

    /** Reads an entry and, unlike {@link ZipFile}, compares its checksum. */
    @Override
    public byte[] read(String name) throws IOException {
        try (InputStream in = open(name)) {
            byte[] bytes = in.readAllBytes();
            CRC32 crc = new CRC32();
            crc.update(bytes);
            if (crc.getValue() != entries.get(root + name).getCrc()) {
                throw new ZipException("checksum of the zip entry does not match");
            }
            return bytes;
        }
    }

    @Override
    public Optional<byte[]> readIfPresent(String name) throws IOException {
        return entries.containsKey(root + name) ? Optional.of(read(name)) : Optional.empty();
    }

    @Override
    public void close() {
        try {
            zip.close();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot close " + file, e);
        }
    }
}
