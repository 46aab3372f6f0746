package io.github.edm2.tests.official;

import io.github.edm2.tests.official.Pickler.Binary;
import io.github.edm2.tests.official.Pickler.Call;
import io.github.edm2.tests.official.Pickler.Global;
import io.github.edm2.tests.official.Pickler.NewObject;
import io.github.edm2.tests.official.Pickler.PersistentId;
import io.github.edm2.tests.official.Pickler.Sink;
import io.github.edm2.tests.official.Pickler.Tuple;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.ref.Reference;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes files in the format of the network pickles of the official PyTorch release: for tests that
 * read them. Values may be what {@link Pickler} takes, and besides {@code float[]} for a NumPy
 * array, {@link Float} for a NumPy scalar, both float32, and {@link INDArray} for a tensor.
 */
public final class OfficialPickleWriter {

    private static final Global EASY_DICT = new Global("dnnlib.util", "EasyDict");
    private static final Global TENSOR = new Global("torch._utils", "_rebuild_tensor_v2");
    private static final Global FROM_BYTES = new Global("torch.storage", "_load_from_bytes");
    private static final Map<DataType, Global> STORAGES =
            Map.of(
                    DataType.FLOAT16, new Global("torch", "HalfStorage"),
                    DataType.FLOAT, new Global("torch", "FloatStorage"));

    private static final Global NUMPY_ARRAY = new Global("numpy.core.multiarray", "_reconstruct");
    private static final Global NUMPY_TYPE = new Global("numpy", "ndarray");
    private static final Global NUMPY_SCALAR = new Global("numpy.core.multiarray", "scalar");
    private static final Call NUMPY_FLOAT =
            new Call(
                    new Global("numpy", "dtype"),
                    Tuple.of("f4", false, true),
                    Map.of(),
                    Tuple.of(3, "<", null, null, null, -1, -1, 0));

    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final int TORCH_PROTOCOL = 1001;
    private static final int ZIP_HEADER = 30;
    private static final int ALIGNMENT = 64;

    private final Map<String, Object> entries = new LinkedHashMap<>();
    private final Map<String, Binary> storages = new LinkedHashMap<>();
    private final Map<String, ?> kwargs;
    private final OfficialModule tree;
    private String network = "Precond";
    private String source = "";
    private DataType parameterType = DataType.FLOAT16;
    private DataType bufferType = DataType.FLOAT16;
    private int protocol = 4;
    private boolean zip;
    private Object root;

    /**
     * @param kwargs constructor arguments of the network, by their official names
     * @param tensors parameters and buffers by their official names, such as {@code
     *     unet.enc.16x16_block0.conv_res0.weight}; modules are written in the order of these
     */
    public OfficialPickleWriter(Map<String, ?> kwargs, Map<String, INDArray> tensors) {
        this.kwargs = kwargs;
        tree = OfficialModule.tree(tensors);
        Map<String, Object> dataset = new LinkedHashMap<>();
        dataset.put("class_name", "training.dataset.ImageFolderDataset");
        dataset.put("path", "datasets/example.zip");
        dataset.put("use_labels", true);
        Map<String, Object> loss = new LinkedHashMap<>();
        loss.put("P_mean", -.4);
        loss.put("P_std", 1.);
        loss.put("sigma_data", .5);
        encoder("StandardRGBEncoder", Map.of(), Map.of());
        entry("dataset_kwargs", dataset);
        entry("loss_fn", object("EDM2Loss", loss, Map.of()));
        entry("ema", tree);
    }

    /** Data types of parameters and buffers: FLOAT16, as in the release, or FLOAT. */
    public OfficialPickleWriter types(DataType parameters, DataType buffers) {
        parameterType = parameters;
        bufferType = buffers;
        return this;
    }

    /** Protocol of the pickle, 2 to 5; 4 by default, as in the release. */
    public OfficialPickleWriter protocol(int number) {
        protocol = number;
        return this;
    }

    /** Writes the ZIP archive of {@code torch.save}, whose protocol is 2 by default. */
    public OfficialPickleWriter zip() {
        zip = true;
        return protocol(2);
    }

    /** Class of the network instead of {@code Precond}. */
    public OfficialPickleWriter network(String className) {
        network = className;
        return this;
    }

    /** The network as a value, for an entry or a root of one's own. */
    public Object network() {
        return tree;
    }

    /** Text of the Python module of all classes of the network, which is empty by default. */
    public OfficialPickleWriter source(String text) {
        source = text;
        return this;
    }

    /** Encoder instead of {@code StandardRGBEncoder}. */
    public OfficialPickleWriter encoder(
            String className, Map<String, ?> attributes, Map<String, ?> initKwargs) {
        return entry("encoder", object(className, attributes, initKwargs));
    }

    /** The encoder of the latent networks, with NumPy values among its arguments. */
    public OfficialPickleWriter stabilityEncoder(float[] rawMean, float[] rawStd) {
        float finalStd = .5f;
        float[] scale = new float[rawStd.length];
        float[] bias = new float[rawStd.length];
        for (int i = 0; i < scale.length; i++) {
            scale[i] = finalStd / rawStd[i];
            bias[i] = -rawMean[i] * scale[i];
        }
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("vae_name", "stabilityai/sd-vae-ft-mse");
        attributes.put("scale", scale);
        attributes.put("bias", bias);
        attributes.put("batch_size", 8);
        attributes.put("_vae", null);
        Map<String, Object> initKwargs = new LinkedHashMap<>();
        initKwargs.put("raw_mean", rawMean);
        initKwargs.put("raw_std", rawStd);
        initKwargs.put("final_mean", 0f);
        initKwargs.put("final_std", finalStd);
        return encoder("StabilityVAEEncoder", attributes, initKwargs);
    }

    /** Adds or replaces an entry of the root. */
    public OfficialPickleWriter entry(String key, Object value) {
        entries.put(key, value);
        return this;
    }

    /** Leaves an entry of the root out. */
    public OfficialPickleWriter without(String key) {
        entries.remove(key);
        return this;
    }

    /** Writes this value instead of a snapshot. */
    public OfficialPickleWriter root(Object value) {
        root = value;
        return this;
    }

    /** Writes the file, or overwrites it. */
    public void write(Path file) throws IOException {
        storages.clear();
        Object value = root == null ? new NewObject(EASY_DICT, entries, null) : root;
        try (FileChannel out =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            if (zip) {
                writeZip(value, out);
            } else {
                new Pickler(protocol, into(out), this::reduce).dump(value);
            }
        }
    }

    private static Call object(
            String className, Map<String, ?> attributes, Map<String, ?> initKwargs) {
        return OfficialModule.persistent(
                className, "", OfficialModule.state(attributes, Tuple.of(), initKwargs));
    }

    private Object reduce(Object value) {
        if (value instanceof OfficialModule module) {
            return module.value(network, source, kwargs);
        } else if (value instanceof INDArray array) {
            return tensor(array, parameterType);
        } else if (value instanceof OfficialModule.Buffer buffer) {
            return tensor(buffer.array(), bufferType);
        } else if (value instanceof float[] numbers) {
            Object state =
                    Tuple.of(1, Tuple.of(numbers.length), NUMPY_FLOAT, false, bytes(numbers));
            Tuple empty = Tuple.of(NUMPY_TYPE, Tuple.of(0), new Binary(new byte[] {'b'}));
            return new Call(NUMPY_ARRAY, empty, Map.of(), state);
        } else if (value instanceof Float number) {
            return new Call(NUMPY_SCALAR, NUMPY_FLOAT, bytes(number));
        }
        throw new IllegalArgumentException("cannot pickle " + value.getClass());
    }

    private Call tensor(INDArray array, DataType type) {
        List<Long> stride = new ArrayList<>();
        long step = 1;
        for (int i = array.rank() - 1; i >= 0; i--) {
            stride.add(0, step);
            step *= array.size(i);
        }
        Tuple shape = new Tuple(Arrays.stream(array.shape()).boxed().toList());
        Object none = OfficialModule.ordered(Map.of());
        Object storage = storage(array, type);
        return new Call(TENSOR, storage, 0, shape, new Tuple(stride), false, none);
    }

    private Object storage(INDArray array, DataType type) {
        String key = Integer.toString(storages.size());
        long bytes = array.length() * type.width();
        storages.put(key, new Binary(bytes, out -> data(array, type, out)));
        Tuple id = Tuple.of("storage", STORAGES.get(type), key, "cpu", array.length());
        return zip ? new PersistentId(id) : new Call(FROM_BYTES, nested(id, key, array, type));
    }

    /** The stream of pickles, and the data behind them, that a storage is pickled as. */
    private static Binary nested(Tuple id, String key, INDArray array, DataType type) {
        Map<String, Object> sizes = new LinkedHashMap<>();
        sizes.put("short", Short.BYTES);
        sizes.put("int", Integer.BYTES);
        sizes.put("long", Integer.BYTES);
        Map<String, Object> system = new LinkedHashMap<>();
        system.put("protocol_version", TORCH_PROTOCOL);
        system.put("little_endian", true);
        system.put("type_sizes", sizes);
        List<Object> withView = new ArrayList<>(id.items());
        withView.add(null);
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        head.writeBytes(Pickler.dump(2, MAGIC));
        head.writeBytes(Pickler.dump(2, TORCH_PROTOCOL));
        head.writeBytes(Pickler.dump(2, system));
        head.writeBytes(Pickler.dump(2, new PersistentId(new Tuple(withView))));
        head.writeBytes(Pickler.dump(2, List.of(key)));
        head.writeBytes(little(Long.BYTES).putLong(array.length()).array());
        return new Binary(
                head.size() + array.length() * type.width(),
                out -> {
                    out.accept(ByteBuffer.wrap(head.toByteArray()));
                    data(array, type, out);
                });
    }

    private static void data(INDArray array, DataType type, Sink out) throws IOException {
        INDArray dense = array.ordering() == 'c' && !array.isView() ? array : array.dup('c');
        INDArray cast = dense.castTo(type);
        int bytes = Math.toIntExact(cast.length() * type.width());
        out.accept(cast.data().asNio().slice(0, bytes));
        Reference.reachabilityFence(cast);
        if (cast != dense) {
            cast.close();
        }
    }

    private void writeZip(Object value, FileChannel file) throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        new Pickler(protocol, into(Channels.newChannel(pickle)), this::reduce).dump(value);
        try (ZipOutputStream out = new ZipOutputStream(Channels.newOutputStream(file))) {
            entry("data.pkl", new Binary(pickle.toByteArray()), file, out);
            entry("byteorder", text("little"), file, out);
            for (Map.Entry<String, Binary> storage : storages.entrySet()) {
                entry("data/" + storage.getKey(), storage.getValue(), file, out);
            }
            entry("version", text("3\n"), file, out);
        }
    }

    /** One entry, uncompressed, with padding before its data so that they are aligned. */
    private static void entry(String name, Binary data, FileChannel file, ZipOutputStream out)
            throws IOException {
        CRC32 crc = new CRC32();
        data.content().writeTo(crc::update);
        ZipEntry entry = new ZipEntry("archive/" + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(data.length());
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(LocalDateTime.of(2024, 1, 1, 0, 0));
        long start = file.position() + ZIP_HEADER + entry.getName().length();
        int padding = (int) Math.floorMod(-start, (long) ALIGNMENT);
        padding += padding < Integer.BYTES ? ALIGNMENT : 0;
        ByteBuffer extra = little(padding).put((byte) 'F').put((byte) 'B');
        extra.putShort((short) (padding - Integer.BYTES));
        Arrays.fill(extra.array(), Integer.BYTES, padding, (byte) 'Z');
        entry.setExtra(extra.array());
        out.putNextEntry(entry);
        data.content().writeTo(into(Channels.newChannel(out)));
        out.closeEntry();
    }

    private static Sink into(WritableByteChannel out) {
        return bytes -> {
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        };
    }

    private static Binary text(String text) {
        return new Binary(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static Binary bytes(float... numbers) {
        ByteBuffer bytes = little(numbers.length * Float.BYTES);
        bytes.asFloatBuffer().put(numbers);
        return new Binary(bytes.array());
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
