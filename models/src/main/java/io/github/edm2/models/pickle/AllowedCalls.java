package io.github.edm2.models.pickle;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;

/**
 * The functions that a pickle may call, all of which only make data. What they copy altogether is
 * limited by a {@link Budget}, for one list can be passed to many calls.
 */
final class AllowedCalls {

    private static final long BYTES_PER_ENTRY = 64;
    private static final int LONGEST_KEY = 256;
    private static final int DEEPEST_ARCHIVE = 2;

    private interface Call {
        Object of(List<?> arguments);
    }

    private final Map<String, Call> calls =
            Map.ofEntries(
                    Map.entry("collections.OrderedDict", this::dictionary),
                    Map.entry("builtins.dict", this::dictionary),
                    Map.entry("__builtin__.dict", this::dictionary),
                    Map.entry("builtins.set", this::list),
                    Map.entry("__builtin__.set", this::list),
                    Map.entry("builtins.frozenset", this::list),
                    Map.entry("__builtin__.frozenset", this::list),
                    Map.entry("builtins.list", this::list),
                    Map.entry("torch.Size", this::list),
                    Map.entry("builtins.bytearray", this::bytes),
                    Map.entry("__builtin__.bytes", this::bytes),
                    Map.entry("_codecs.encode", this::encode),
                    Map.entry("torch.device", a -> new PickledObject(DEVICE, a)),
                    Map.entry("torch._utils._rebuild_tensor_v2", TorchTensor::rebuild),
                    Map.entry("torch._utils._rebuild_parameter", AllowedCalls::tensor),
                    Map.entry("torch._utils._rebuild_parameter_with_state", AllowedCalls::tensor),
                    Map.entry("torch.storage._load_from_bytes", this::storage),
                    Map.entry("numpy.dtype", a -> new PickledObject(NumpyArray.TYPE, a)),
                    Map.entry("numpy.core.multiarray._reconstruct", a -> new NumpyArray()),
                    Map.entry("numpy._core.multiarray._reconstruct", a -> new NumpyArray()),
                    Map.entry("numpy.core.numeric._frombuffer", NumpyArray::ofBuffer),
                    Map.entry("numpy._core.numeric._frombuffer", NumpyArray::ofBuffer),
                    Map.entry("numpy.core.multiarray.scalar", NumpyArray::scalar),
                    Map.entry("numpy._core.multiarray.scalar", NumpyArray::scalar),
                    Map.entry(
                            "torch_utils.persistence._reconstruct_persistent_obj",
                            AllowedCalls::persistent));

    private static final PickledClass DEVICE = new PickledClass("torch", "device");

    private final int depth;
    private final Budget budget;

    /**
     * @param fileLength bytes of the whole file
     */
    AllowedCalls(long fileLength) {
        this(0, new Budget(fileLength));
    }

    private AllowedCalls(int depth, Budget budget) {
        this.depth = depth;
        this.budget = budget;
    }

    /** What reading the file may still cost. */
    Budget budget() {
        return budget;
    }

    /**
     * Calls a function.
     *
     * @throws PickleException if it is not allowed or does not take the arguments
     */
    Object call(PickledClass function, List<?> arguments) {
        Call call = calls.get(function.toString());
        if (call == null) {
            throw new PickleException(
                    "wants to call %s, which no EDM2 network needs; nothing was called"
                            .formatted(function));
        }
        try {
            return call.of(arguments);
        } catch (ClassCastException | IndexOutOfBoundsException | NullPointerException e) {
            throw new PickleException("is damaged: wrong arguments for %s".formatted(function), e);
        }
    }

    /**
     * What stands for a dictionary's key: scalars are equal by value, everything else is itself.
     *
     * @throws PickleException if it is so long that comparing it would be slow
     */
    static Object key(Object key) {
        if (key instanceof String text && text.length() > LONGEST_KEY) {
            throw new PickleException(
                    "has a name of %d characters, so it is no network".formatted(text.length()));
        }
        boolean scalar =
                key == null
                        || key instanceof String
                        || key instanceof Number
                        || key instanceof Boolean;
        return scalar ? key : new OtherKey(key);
    }

    /** Equal only to itself, so that no nesting of lists makes it slow. */
    private static final class OtherKey {
        private final Object key;

        OtherKey(Object key) {
            this.key = key;
        }

        @Override
        public String toString() {
            return PythonType.of(key);
        }
    }

    private Object dictionary(List<?> arguments) {
        Map<Object, Object> result = new LinkedHashMap<>();
        if (!arguments.isEmpty()) {
            List<?> pairs = (List<?>) arguments.get(0);
            budget.copy(BYTES_PER_ENTRY * pairs.size());
            for (Object pair : pairs) {
                List<?> keyAndValue = (List<?>) pair;
                result.put(key(keyAndValue.get(0)), keyAndValue.get(1));
            }
        }
        return result;
    }

    private Object list(List<?> arguments) {
        if (arguments.isEmpty()) {
            return new ArrayList<>();
        }
        List<?> elements = (List<?>) arguments.get(0);
        budget.copy(BYTES_PER_ENTRY * elements.size());
        return new ArrayList<>(elements);
    }

    private Object bytes(List<?> arguments) {
        return arguments.isEmpty() ? inMemory(new byte[0]) : (FileSlice) arguments.get(0);
    }

    /** How protocol 2 writes bytes: as the characters of the same numbers. */
    private Object encode(List<?> arguments) {
        String text = (String) arguments.get(0);
        if (!arguments.get(1).equals("latin1")) {
            throw new PickleException("is damaged: bytes encoded as other than latin1");
        }
        budget.copy(text.length());
        return inMemory(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static FileSlice inMemory(byte[] bytes) {
        return new FileSlice(new SeekableInMemoryByteChannel(bytes));
    }

    private Object storage(List<?> arguments) {
        if (depth == DEEPEST_ARCHIVE) {
            throw new PickleException("is damaged: an archive in an archive in an archive");
        }
        FileSlice archive = (FileSlice) arguments.get(0);
        budget.copy(archive.length());
        return LegacyArchive.read(archive, new AllowedCalls(depth + 1, budget));
    }

    private static Object tensor(List<?> arguments) {
        return (TorchTensor) arguments.get(0);
    }

    private static Object persistent(List<?> arguments) {
        Map<?, ?> meta = (Map<?, ?>) arguments.get(0);
        return new PersistentObject(
                Objects.requireNonNull((String) meta.get("class_name")),
                Objects.requireNonNull((Map<?, ?>) meta.get("state")));
    }
}
