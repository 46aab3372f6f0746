package io.github.edm2.tests.official;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.checkpoint.OfficialFile;
import io.github.edm2.models.pickle.PickledClass;
import io.github.edm2.models.pickle.TorchFile;
import io.github.edm2.tests.golden.GoldenNetwork;
import io.github.edm2.tests.official.Pickler.Binary;
import io.github.edm2.tests.official.Pickler.Call;
import io.github.edm2.tests.official.Pickler.Global;
import io.github.edm2.tests.official.Pickler.PersistentId;
import io.github.edm2.tests.official.Pickler.Tuple;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Proves that networks in the official format are read in every form that PyTorch and Python write:
 * the same options, and the same parameters bit by bit.
 */
class OfficialVariantsTest {

    private static final String SMALLEST = "net-options";

    @TempDir private Path folder;

    /** The numbers that a network computes are the reference's. */
    @ParameterizedTest
    @ValueSource(strings = {"net-cond", "net-uncond", "net-options"})
    void networksOfTheFormatComputeTheReference(String name) throws IOException {
        Golden golden = Golden.read(name);
        Path file = folder.resolve(name);
        writer(name).types(DataType.FLOAT, DataType.FLOAT).write(file);
        ComputationGraph graph = Edm2.fromOfficial(file);
        INDArray[] outputs = graph.output(GoldenNetwork.inputs(golden));
        Golden.assertClose(golden.get("out/denoised"), outputs[0], Golden.OUTPUT, name);
        Golden.assertClose(golden.get("out/logvar"), outputs[1], Golden.OUTPUT, name);
    }

    /** Every protocol, container and data type gives the same options and parameters. */
    @ParameterizedTest
    @CsvSource({
        "net-cond, 2, false, HALF",
        "net-cond, 3, true, FLOAT",
        "net-cond, 4, true, HALF",
        "net-uncond, 2, true, HALF",
        "net-uncond, 4, false, HALF",
        "net-uncond, 5, false, FLOAT",
        "net-options, 2, false, FLOAT",
        "net-options, 2, true, FLOAT",
        "net-options, 3, false, HALF",
        "net-options, 3, false, FLOAT",
        "net-options, 4, false, FLOAT",
        "net-options, 5, false, HALF",
        "net-options, 5, true, HALF",
    })
    void protocolsContainersAndTypesAreRead(String name, int protocol, boolean zip, DataType type)
            throws IOException {
        OfficialPickleWriter writer = writer(name);
        writer.stabilityEncoder(new float[] {5, -1, 0, 2}, new float[] {8, 6, 4, 3});
        if (zip) {
            writer.zip();
        }
        Path file = folder.resolve("network");
        writer.types(type, type).protocol(protocol).write(file);
        try (OfficialFile official = OfficialFile.open(file)) {
            assertEquals(type == DataType.FLOAT16, official.isHalf());
            assertReads(name, type, official);
        }
    }

    /** Arguments without a name are those of the constructor's first parameters. */
    @Test
    void positionalArgumentsAreRead() throws IOException {
        Map<String, Object> named = kwargs(SMALLEST);
        Object resolution = named.remove("img_resolution");
        Object channels = named.remove("img_channels");
        Object labels = named.remove("label_dim");
        Object sigmaData = named.remove("sigma_data");
        Tuple positional = Tuple.of(resolution, channels, labels, true, sigmaData);
        assertReads(network(positional, named, 4, OfficialVariantsTest::dense));
    }

    /** NumPy's numbers and arrays are arguments like Python's. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void numpyArgumentsAreRead(int protocol) throws IOException {
        Map<String, Object> named = kwargs(SMALLEST);
        named.put("img_resolution", numpyLong(8));
        named.put("channel_mult", numpyLongs(1, 2, 2));
        named.put("use_fp16", true);
        assertReads(network(Tuple.of(), named, protocol, OfficialVariantsTest::dense));
    }

    /** Tensors that are views with any strides and offset are read in row-major order. */
    @ParameterizedTest
    @ValueSource(ints = {2, 5})
    void stridedTensorsAreRead(int protocol) throws IOException {
        assertReads(
                network(Tuple.of(), kwargs(SMALLEST), protocol, OfficialVariantsTest::permuted));
    }

    /** A zip archive can be read for as long as it is open, whatever the garbage collector does. */
    @Test
    void archiveStaysOpen() throws IOException, InterruptedException {
        Path file = folder.resolve("network");
        writer(SMALLEST).zip().types(DataType.FLOAT, DataType.FLOAT).write(file);
        try (OfficialFile official = OfficialFile.open(file)) {
            for (int i = 0; i < 5; i++) {
                System.gc();
                Thread.sleep(20);
            }
            assertReads(SMALLEST, DataType.FLOAT, official);
        }
    }

    /** A file of {@code torch.save} from before it wrote zip archives is read as a whole. */
    @Test
    void legacyArchiveIsRead() throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        List<String> keys = new ArrayList<>();
        Path network =
                network(
                        Tuple.of(),
                        kwargs(SMALLEST),
                        2,
                        array -> {
                            String key = "140" + keys.size();
                            keys.add(key);
                            data.writeBytes(little(Long.BYTES).putLong(array.length()).array());
                            data.writeBytes(bytes(array));
                            return tensor(
                                    new PersistentId(id(key, array.length())),
                                    0,
                                    array.shape(),
                                    rowMajor(array.shape()));
                        });
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(legacyHead());
        file.writeBytes(Files.readAllBytes(network));
        file.writeBytes(Pickler.dump(2, keys));
        file.writeBytes(data.toByteArray());
        Files.write(network, file.toByteArray());
        assertReads(network);
    }

    /** Such files name the classes of modules beside their source text, which is skipped. */
    @Test
    void legacyArchiveNamesClasses() {
        Tuple module = Tuple.of("module", new Global("a", "B"), "a.py", "import os");
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(legacyHead());
        file.writeBytes(Pickler.dump(2, List.of(new PersistentId(module))));
        file.writeBytes(Pickler.dump(2, List.of()));
        Object read = TorchFile.read(new SeekableInMemoryByteChannel(file.toByteArray()));
        assertEquals(List.of(new PickledClass("a", "B")), read);
    }

    private void assertReads(Path file) throws IOException {
        try (OfficialFile official = OfficialFile.open(file)) {
            assertReads(SMALLEST, DataType.FLOAT, official);
        }
    }

    private static void assertReads(String name, DataType type, OfficialFile official) {
        assertEquals(GoldenNetwork.options(Golden.json(name)), official.options());
        Map<String, INDArray> expected = tensors(name);
        assertEquals(expected.keySet(), new TreeMap<>(official.tensors()).keySet());
        expected.forEach(
                (tensor, array) -> {
                    INDArray read = Nd4j.create(type, array.shape());
                    official.read(tensor, read);
                    assertEquals(type, official.tensors().get(tensor).type(), tensor);
                    assertEquals(array.castTo(type), read, tensor);
                });
    }

    private static OfficialPickleWriter writer(String name) {
        return new OfficialPickleWriter(kwargs(name), tensors(name));
    }

    private static Map<String, INDArray> tensors(String name) {
        Golden golden = Golden.read(name);
        Map<String, INDArray> tensors = new TreeMap<>(golden.under("param"));
        tensors.putAll(golden.under("buffer"));
        return tensors;
    }

    /** The constructor's arguments in {@code golden/NAME.json}. */
    private static Map<String, Object> kwargs(String name) {
        Map<String, Object> kwargs = new LinkedHashMap<>();
        Iterator<Map.Entry<String, JsonNode>> fields = Golden.json(name).fields();
        while (fields.hasNext()) {
            Map.Entry<String, JsonNode> field = fields.next();
            kwargs.put(field.getKey(), value(field.getValue()));
        }
        return kwargs;
    }

    private static Object value(JsonNode json) {
        if (json.isArray()) {
            List<Object> list = new ArrayList<>();
            json.forEach(element -> list.add(value(element)));
            return list;
        }
        return json.isInt() ? (Object) json.asInt() : (Object) json.asDouble();
    }

    /** How a test writes a tensor. */
    private interface TensorForm {
        Object of(INDArray array);
    }

    /** A network whose modules are flat: one for each tensor's path, which is all that counts. */
    private Path network(Tuple positional, Map<String, Object> named, int protocol, TensorForm form)
            throws IOException {
        Map<String, Object> root = module();
        tensors(SMALLEST)
                .forEach(
                        (path, array) -> {
                            String[] names = path.split("\\.");
                            Map<String, Object> module = root;
                            for (int i = 0; i < names.length - 1; i++) {
                                module = child(module, names[i]);
                            }
                            entries(module, "_parameters")
                                    .put(names[names.length - 1], form.of(array));
                        });
        root.put("_init_args", positional);
        root.put("_init_kwargs", named);
        Path file = folder.resolve("network");
        Files.write(file, Pickler.dump(protocol, Map.of("ema", persistent("Precond", root))));
        return file;
    }

    private static Map<String, Object> module() {
        Map<String, Object> module = new LinkedHashMap<>();
        module.put("_parameters", new LinkedHashMap<>());
        module.put("_buffers", new LinkedHashMap<>());
        module.put("_modules", new LinkedHashMap<>());
        return module;
    }

    @SuppressWarnings("unchecked") // made by module()
    private static Map<String, Object> entries(Map<String, Object> module, String key) {
        return (Map<String, Object>) module.get(key);
    }

    @SuppressWarnings("unchecked") // made here
    private static Map<String, Object> child(Map<String, Object> module, String name) {
        Call object =
                (Call)
                        entries(module, "_modules")
                                .computeIfAbsent(name, n -> persistent("Module", module()));
        return (Map<String, Object>) ((Map<?, ?>) object.arguments().items().get(0)).get("state");
    }

    private static Call persistent(String className, Map<String, Object> state) {
        return OfficialModule.persistent(className, "", state);
    }

    private static Object dense(INDArray array) {
        return stored(array, 0, array.shape(), rowMajor(array.shape()));
    }

    /** Stored with the dimensions reversed, behind one element that is not its own. */
    private static Object permuted(INDArray array) {
        long[] strides = new long[array.rank()];
        long next = 1;
        for (int i = 0; i < strides.length; i++) {
            strides[i] = next;
            next *= array.size(i);
        }
        INDArray stored =
                Nd4j.concat(0, Nd4j.zeros(DataType.FLOAT, 1), Nd4j.toFlattened('f', array));
        return stored(stored, 1, array.shape(), strides);
    }

    private static Call stored(INDArray numbers, long offset, long[] shape, long[] strides) {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        archive.writeBytes(legacyHead());
        archive.writeBytes(Pickler.dump(2, new PersistentId(id("1", numbers.length()))));
        archive.writeBytes(Pickler.dump(2, List.of("1")));
        archive.writeBytes(little(Long.BYTES).putLong(numbers.length()).array());
        archive.writeBytes(bytes(numbers));
        Global function = new Global("torch.storage", "_load_from_bytes");
        Call storage = new Call(function, new Binary(archive.toByteArray()));
        return tensor(storage, offset, shape, strides);
    }

    private static byte[] legacyHead() {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        head.writeBytes(Pickler.dump(2, new BigInteger("1950a86a20f9469cfc6c", 16)));
        head.writeBytes(Pickler.dump(2, 1001));
        head.writeBytes(Pickler.dump(2, Map.of("little_endian", true)));
        return head.toByteArray();
    }

    private static Tuple id(String key, long length) {
        return Tuple.of("storage", new Global("torch", "FloatStorage"), key, "cpu", length, null);
    }

    private static Call tensor(Object storage, long offset, long[] shape, long[] strides) {
        Global function = new Global("torch._utils", "_rebuild_tensor_v2");
        return new Call(function, storage, offset, tuple(shape), tuple(strides), false, null);
    }

    private static Tuple tuple(long... numbers) {
        List<Long> items = new ArrayList<>();
        for (long number : numbers) {
            items.add(number);
        }
        return new Tuple(items);
    }

    private static long[] rowMajor(long... shape) {
        long[] strides = new long[shape.length];
        long next = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = next;
            next *= shape[i];
        }
        return strides;
    }

    private static byte[] bytes(INDArray array) {
        float[] numbers = array.dup('c').data().asFloat();
        ByteBuffer bytes = little(numbers.length * Float.BYTES);
        bytes.asFloatBuffer().put(numbers);
        return bytes.array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Call numpyType() {
        Tuple state = Tuple.of(3, "<", null, null, null, -1, -1, 0);
        Global function = new Global("numpy", "dtype");
        return new Call(function, Tuple.of("i8", false, true), Map.of(), state);
    }

    private static Call numpyLong(long number) {
        return new Call(
                new Global("numpy.core.multiarray", "scalar"), numpyType(), numpyBytes(number));
    }

    private static Call numpyLongs(long... numbers) {
        Tuple empty =
                Tuple.of(new Global("numpy", "ndarray"), Tuple.of(0), new Binary(new byte[] {'b'}));
        Object state =
                Tuple.of(1, Tuple.of(numbers.length), numpyType(), false, numpyBytes(numbers));
        return new Call(
                new Global("numpy._core.multiarray", "_reconstruct"), empty, Map.of(), state);
    }

    private static Binary numpyBytes(long... numbers) {
        ByteBuffer bytes = little(numbers.length * Long.BYTES);
        bytes.asLongBuffer().put(numbers);
        return new Binary(bytes.array());
    }
}
