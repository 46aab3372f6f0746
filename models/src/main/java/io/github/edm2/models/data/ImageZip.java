package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** Image files in a zip archive, which stays open until {@link #close}. */
record ImageZip(Path file, ZipFile zip, List<String> names) implements ImageSource {

    static ImageZip open(Path file, List<String> extensions) {
        try {
            ZipFile zip = new ZipFile(file.toFile());
            List<String> names =
                    zip.stream()
                            .filter(entry -> !entry.isDirectory())
                            .map(ZipEntry::getName)
                            .filter(name -> ImageSource.isImage(name, extensions))
                            .sorted()
                            .toList();
            return new ImageZip(file, zip, names);
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

    @Override
    public List<Path> files() {
        return List.of(file);
    }

    @Override
    public String location(String name) {
        return file + "!/" + name;
    }

    @Override
    public InputStream open(String name) throws IOException {
        return zip.getInputStream(zip.getEntry(name));
    }

    /** Reads an entry and, unlike {@link ZipFile}, compares its checksum. */
    @Override
    public byte[] read(String name) throws IOException {
        try (InputStream in = open(name)) {
            byte[] bytes = in.readAllBytes();
            CRC32 crc = new CRC32();
            crc.update(bytes);
            if (crc.getValue() != zip.getEntry(name).getCrc()) {
                throw new ZipException("checksum of the zip entry does not match");
            }
            return bytes;
        }
    }

    @Override
    public Optional<byte[]> readIfPresent(String name) throws IOException {
        return zip.getEntry(name) == null ? Optional.empty() : Optional.of(read(name));
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
