package io.github.edm2.models.pickle;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code torch.save} writes outside a zip archive: pickles of a magic number, the version and
 * the machine's properties, the pickle of the object, the list of its storages' keys, and the data
 * of each storage behind its number of elements.
 */
final class LegacyArchive {

    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long VERSION = 1001;
    private static final String MODULE = "module";

    private LegacyArchive() {}

    /** Whether a file that is a pickle begins as such an archive does. */
    static boolean begins(FileSlice file) {
        PickleCursor in = new PickleCursor(file);
        boolean pickle = in.unsignedByte() == 0x80 && in.unsignedByte() == 2;
        return pickle && in.unsignedByte() == 0x8a && in.unsignedByte() == 10;
    }

    /**
     * Reads the archive's object; the storages' data stays in the file.
     *
     * @throws PickleException if it is damaged
     */
    static Object read(FileSlice file, AllowedCalls calls) {
        PickleCursor in = new PickleCursor(file);
        require(MAGIC.equals(new Unpickler(in, calls).load()), "its magic number");
        Object version = new Unpickler(in, calls).load();
        require(Long.valueOf(VERSION).equals(version), "its version");
        Object machine = new Unpickler(in, calls).load();
        require(
                machine instanceof Map<?, ?> map && Boolean.TRUE.equals(map.get("little_endian")),
                "its byte order, which must be little-endian");
        Map<Object, TorchStorage> storages = new HashMap<>();
        Object root = new Unpickler(in, calls, id -> persistent(id, storages)).load();
        Object keys = new Unpickler(in, calls).load();
        require(keys instanceof List<?>, "its list of storages");
        for (Object key : (List<?>) keys) {
            TorchStorage storage = storages.get(AllowedCalls.key(key));
            require(storage != null && in.signedLong() == storage.length(), "a storage's length");
            storage.setData(in.skip(storage.bytes()));
        }
        return root;
    }

    /** A storage, or the class of a module, whose name comes with its source text. */
    private static Object persistent(Object id, Map<Object, TorchStorage> storages) {
        require(id instanceof List<?>, "the name of something stored");
        List<?> identifier = (List<?>) id;
        if (identifier.size() == 4 && MODULE.equals(identifier.get(0))) {
            return identifier.get(1);
        }
        require(identifier.size() >= 5, "a storage's name");
        require(identifier.get(2) instanceof String, "a storage's key");
        require(identifier.size() == 5 || identifier.get(5) == null, "a part of a storage");
        return storages.computeIfAbsent(
                AllowedCalls.key(identifier.get(2)), k -> TorchStorage.of(identifier));
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new PickleException("is damaged or of another version of PyTorch: " + what);
        }
    }
}
