package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.TensorFile;
import io.github.edm2.models.pickle.PersistentObject;
import io.github.edm2.models.pickle.PickleException;
import io.github.edm2.models.pickle.PickledObject;
import io.github.edm2.models.pickle.PythonType;
import io.github.edm2.models.pickle.TorchFile;
import io.github.edm2.models.pickle.TorchTensor;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A network or raw EMA snapshot in the format of the official PyTorch release: a pickle (protocol 2
 * to 5, by itself or in an archive of {@code torch.save}) of a dictionary whose entry {@code ema}
 * is a network. The file is read as data and nothing of it is run; parameters and buffers, under
 * their official names, stay in it until they are asked for.
 *
 * <p>For one thread at a time.
 */
public final class OfficialFile implements TensorFile {

    private static final String NETWORK = "ema";
    private static final String NETWORK_CLASS = "Precond";
    private static final int MOST_KEYS = 5;
    private static final int LONGEST_KEY = 40;
    private static final int LONGEST_MESSAGE = 500;

    private final Path path;
    private final SeekableByteChannel channel;
    private final Map<String, TorchTensor> tensors;
    private final Map<String, Info> infos;
    private final NetworkOptions options;

    private OfficialFile(Path path, SeekableByteChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        Object root = TorchFile.read(channel);
        PersistentObject network = network(root);
        tensors = ModuleState.of(network.state());
        requireWithin(channel.size());
        tensors.replaceAll((name, tensor) -> tensor.contiguous());
        Map<String, Info> listed = new LinkedHashMap<>();
        tensors.forEach((name, t) -> listed.put(name, Info.of(t.type(), t.shape())));
        infos = Collections.unmodifiableMap(listed);
        long parameters =
                tensors.entrySet().stream()
                        .filter(e -> !StateDict.isBuffer(e.getKey()))
                        .mapToLong(e -> e.getValue().length())
                        .sum();
        options = ConstructorArguments.options(network.state(), tensors.size(), parameters);
    }

    /**
     * Opens a file and reads everything but the tensors.
     *
     * @throws NetworkFileException if it is missing, damaged, or holds something else
     */
    public static OfficialFile open(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new NetworkFileException("There is no network file " + path, null);
        }
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return of(path, channel);
            } catch (RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new NetworkFileException(
                    "%s cannot be read: %s".formatted(path, AtomicFile.reason(e)), e);
        }
    }

    /** Reads from an open channel, which is closed with the result. */
    static OfficialFile of(Path path, SeekableByteChannel channel) throws IOException {
        try {
            return new OfficialFile(path, channel);
        } catch (PickleException | NetworkDescriptionException e) {
            throw failure(path, e);
        }
    }

    /** One line, whatever names the file has in it. */
    private static NetworkFileException failure(Path path, RuntimeException e) {
        String why = e.getMessage().replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
        if (why.length() > LONGEST_MESSAGE) {
            why = why.substring(0, LONGEST_MESSAGE) + "...";
        }
        return new NetworkFileException(path + " " + why, e);
    }

    private static Map<?, ?> entries(Object root) {
        if (root instanceof PickledObject object) {
            return object.items();
        }
        return root instanceof Map<?, ?> map ? map : Map.of();
    }

    private static PersistentObject network(Object root) {
        Object network = root instanceof PersistentObject ? root : entries(root).get(NETWORK);
        if (!(network instanceof PersistentObject object)) {
            throw new NetworkDescriptionException(
                    "holds %s, not an EDM2 network under \"%s\" as the official release stores it"
                            .formatted(description(root), NETWORK));
        }
        if (!object.className().equals(NETWORK_CLASS)) {
            throw new NetworkDescriptionException(
                    "holds a network of class %s, not EDM2's %s"
                            .formatted(object.className(), NETWORK_CLASS));
        }
        return object;
    }

    private static String description(Object root) {
        String kind = PythonType.of(root);
        String keys =
                entries(root).keySet().stream()
                        .limit(MOST_KEYS)
                        .map(String::valueOf)
                        .map(key -> key.substring(0, Math.min(key.length(), LONGEST_KEY)))
                        .collect(Collectors.joining(", "));
        return keys.isEmpty() ? kind : "%s with the keys %s".formatted(kind, keys);
    }

    /** Tensors can share storage; without this limit a small file could claim any size. */
    private void requireWithin(long bytes) {
        long needed = 0;
        for (TorchTensor tensor : tensors.values()) {
            needed += tensor.bytes();
            if (needed > bytes) {
                throw new NetworkDescriptionException(
                        "is damaged: its tensors take more bytes than it has");
            }
        }
    }

    /** What the network was made with. */
    public NetworkOptions options() {
        return options;
    }

    /** Whether its parameters are stored in half precision. */
    public boolean isHalf() {
        return tensors.values().stream().anyMatch(t -> t.type() == DataType.FLOAT16);
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Map<String, Info> tensors() {
        return infos;
    }

    @Override
    public void read(String name, long firstElement, ByteBuffer target) {
        try {
            tensors.get(name).read(firstElement, target);
        } catch (PickleException e) {
            throw failure(path, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new NetworkFileException(
                    "%s cannot be closed: %s".formatted(path, AtomicFile.reason(e)), e);
        }
    }
}
