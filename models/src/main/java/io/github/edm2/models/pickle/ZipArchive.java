package io.github.edm2.models.pickle;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * What {@code torch.save} writes as a zip archive: the entry {@code NAME/data.pkl}, and {@code
 * NAME/data/KEY} for the data of each storage, uncompressed. Commons Compress, because the JDK does
 * not tell where in the file an entry's data is.
 */
final class ZipArchive {

    private static final String PICKLE = "data.pkl";

    private final SeekableByteChannel channel;
    private final ZipFile zip;
    private final String folder;
    private final Map<String, TorchStorage> storages = new HashMap<>();

    private ZipArchive(SeekableByteChannel channel, ZipFile zip, String folder) {
        this.channel = channel;
        this.zip = zip;
        this.folder = folder;
    }

    /**
     * Reads the archive's object; the storages' data stays in the file.
     *
     * @throws PickleException if it is damaged or another kind of zip archive
     */
    static Object read(SeekableByteChannel channel) {
        try (ZipFile zip = new ZipFile(new BorrowedChannel(channel))) {
            for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
                String name = entry.getName();
                if (name.equals(PICKLE) || name.endsWith("/" + PICKLE)) {
                    String folder = name.substring(0, name.length() - PICKLE.length());
                    return new ZipArchive(channel, zip, folder).read(name);
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new PickleException("is a zip archive that is damaged or cut short", e);
        }
        throw new PickleException("is a zip archive, but none that PyTorch or this project wrote");
    }

    private Object read(String pickle) {
        AllowedCalls calls = new AllowedCalls(new FileSlice(channel).length());
        return new Unpickler(new PickleCursor(data(pickle)), calls, this::storage).load();
    }

    private TorchStorage storage(Object id) {
        if (!(id instanceof List<?> identifier)
                || identifier.size() < 5
                || !(identifier.get(2) instanceof String key)) {
            throw new PickleException("is damaged: a storage without a key");
        }
        AllowedCalls.key(key); // not too long
        TorchStorage known = storages.get(key);
        if (known == null) {
            known = TorchStorage.of(identifier);
            known.setData(data(folder + "data/" + key));
            storages.put(key, known);
        }
        return known;
    }

    private FileSlice data(String name) {
        ZipArchiveEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new PickleException("is damaged: its zip archive lacks the entry " + name);
        }
        if (entry.getMethod() != ZipEntry.STORED) {
            throw new PickleException(
                    "is not as PyTorch writes it: %s is compressed".formatted(name));
        }
        return new FileSlice(channel).slice(entry.getDataOffset(), entry.getSize());
    }
}
