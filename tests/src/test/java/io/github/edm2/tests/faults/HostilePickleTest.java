package io.github.edm2.tests.faults;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.edm2.tests.official.OfficialModule;
import io.github.edm2.tests.official.Pickler;
import io.github.edm2.tests.official.Pickler.Binary;
import io.github.edm2.tests.official.Pickler.Call;
import io.github.edm2.tests.official.Pickler.Global;
import io.github.edm2.tests.official.Pickler.PersistentId;
import io.github.edm2.tests.official.Pickler.Tuple;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Proves that pickles made to run code, or to take all time or memory, are refused like any damaged
 * file. Pickles are written here as text, one character for each byte.
 */
class HostilePickleTest {

    private static final String BEGIN = "\u0080\u0004";
    private static final int MANY = 200_000;
    private static final int MILLIONS = 3_000_000;

    @TempDir private Path folder;

    /** No function but those that make data is called, in whatever way the pickle asks for it. */
    @ParameterizedTest
    @CsvSource({
        "os, system",
        "posix, system",
        "subprocess, Popen",
        "builtins, eval",
        "builtins, exec",
        "builtins, getattr",
        "__builtin__, eval",
        "copyreg, _reconstructor",
        "functools, partial",
        "torch, load",
        "torch.jit, load",
        "numpy, load",
        "numpy.core.multiarray, fromfile",
    })
    void codeIsNotCalled(String module, String name) throws IOException {
        String command = text("touch " + folder.resolve("called"));
        List<String> pickles =
                List.of(
                        global(module, name) + command + "\u0085R.",
                        text(module) + text(name) + "\u0093" + command + "\u0085R.",
                        text("a") + global(module, name) + command + "\u0085R0.");
        for (String pickle : pickles) {
            Refused.assertRefused(
                    write(BEGIN + pickle), "wants to call %s.%s,".formatted(module, name));
        }
        String instance = BEGIN + "(" + command + "i" + module + "\n" + name + "\n.";
        Refused.assertRefused(write(instance), "opcode 0x69");
        String object = BEGIN + "(" + global(module, name) + command + "o.";
        Refused.assertRefused(write(object), "opcode 0x6f");
        assertFalse(Files.exists(folder.resolve("called")));
    }

    static Stream<Arguments> bombs() {
        String cyclic = "]q\0h\0a0";
        String encode = global("_codecs", "encode") + "q\1" + text("latin1") + "q\2";
        String number = "\u008a\u00ff" + "\u0001".repeat(255);
        return Stream.of(
                bomb("marks", "is damaged", () -> "(".repeat(900_000) + "."),
                bomb("millions of marks", "opcodes", () -> "(".repeat(MILLIONS)),
                bomb("nested tuples", "holds a tuple", () -> ")" + "\u0085".repeat(900_000) + "."),
                bomb("deeper tuples", "opcodes", () -> ")" + "\u0085".repeat(MILLIONS) + "."),
                bomb(
                        "nested lists",
                        "holds a list",
                        () -> "](".repeat(MANY) + "e".repeat(MANY) + "."),
                bomb("dictionaries", "opcodes", () -> "(" + "}".repeat(MILLIONS) + "l."),
                bomb("memo bomb", "holds a list", HostilePickleTest::doubled),
                bomb("memo", "opcodes", () -> "N" + "\u0094".repeat(MILLIONS) + "."),
                bomb("cyclic list", "holds a list", () -> cyclic + "h\0."),
                bomb(
                        "cyclic keys",
                        "a dict with the keys a list",
                        () -> cyclic + "}(" + "h\0N".repeat(MANY) + "u."),
                bomb(
                        "large keys",
                        "a dict with",
                        () ->
                                number
                                        + "q\0"
                                        + "0}("
                                        + (number + "N").repeat(2)
                                        + "h\0N".repeat(MANY)
                                        + "u."),
                bomb(
                        "long keys",
                        "a name of 1000000 characters",
                        () -> text("x".repeat(1_000_000)) + "q\0}(" + "h\0N".repeat(MANY) + "u."),
                bomb(
                        "long class",
                        "the name of a class",
                        () -> text("x".repeat(1_000_000)) + "q\0h\0\u0093" + ")R."),
                bomb("endless name", "the name before", () -> "c" + "x".repeat(MILLIONS)),
                bomb("bytes of 2^62", "is damaged or cut short", () -> "\u008e" + eight(1L << 62)),
                bomb("bytes of 2^64 - 1", "is damaged or cut short", () -> "\u008e" + eight(-1)),
                bomb(
                        "bytearray of 2^40",
                        "is damaged or cut short",
                        () -> "\u0096" + eight(1L << 40)),
                bomb("text of 2^62", "is damaged or cut short", () -> "\u008d" + eight(1L << 62)),
                bomb("text of 2^32 - 1", "is damaged or cut short", () -> "X" + four(-1)),
                bomb("integer of 2^31", "is damaged or cut short", () -> "\u008b" + four(1 << 31)),
                bomb(
                        "long integer",
                        "an integer of 3000000 bytes",
                        () -> "\u008b" + four(MILLIONS) + "\1".repeat(MILLIONS) + "."),
                bomb("memo of 2^32", "is used before byte", () -> "j" + four(-1) + "."),
                bomb("persistent identifier", "is a part of an archive", () -> "NQ."),
                bomb("extension", "opcode 0x82", () -> "\u0082\1."),
                bomb("protocol", "protocol 9", () -> "\u0080\u0009."),
                bomb(
                        "encoded often",
                        "copies the same data",
                        () ->
                                text("x".repeat(1_000_000))
                                        + "q\0"
                                        + encode
                                        + "h\1h\0h\2\u0086R0".repeat(1000)
                                        + "."),
                bomb(
                        "archive read often",
                        "copies the same data",
                        () -> archived(HostilePickleTest::storage)),
                bomb(
                        "opcodes of archives",
                        "opcodes",
                        () -> archived(() -> BEGIN + "(" + "]".repeat(300_000) + "l.")),
                bomb(
                        "copied lists",
                        "copies the same data",
                        () ->
                                "("
                                        + "N".repeat(MANY)
                                        + "lq\0"
                                        + global("builtins", "set")
                                        + "q\1"
                                        + "h\1h\0\u0085R0".repeat(MANY)
                                        + "."));
    }

    private static Arguments bomb(String name, String expected, Supplier<String> pickle) {
        return Arguments.of(Named.of(name, pickle), expected);
    }

    /** No pickle takes more than moderate time and memory. */
    @ParameterizedTest
    @MethodSource("bombs")
    void bombsAreRefused(Supplier<String> pickle, String expected) throws IOException {
        Refused.assertRefused(write(BEGIN + pickle.get()), expected);
    }

    /** Archives in archives come to an end. */
    @Test
    void nestedArchivesAreRefused() throws IOException {
        String inner = BEGIN + "N.";
        for (int i = 0; i < 10; i++) {
            inner = BEGIN + load(archive(inner) + list()) + ".";
        }
        Refused.assertRefused(write(inner), "an archive in an archive in an archive");
    }

    static Stream<Arguments> networks() {
        Object whole = tensor(storage("FloatStorage"), 0, Tuple.of(8), Tuple.of(1));
        Object strided = tensor(storage("FloatStorage"), 0, Tuple.of(2, 2), Tuple.of(1, 2));
        Map<String, Object> many = new LinkedHashMap<>();
        Map<String, Object> views = new LinkedHashMap<>();
        for (int i = 0; i < 9000; i++) {
            many.put("w" + i, whole);
            views.put("w" + i, strided);
        }
        Map<String, Object> crowd = new LinkedHashMap<>();
        for (int i = 0; i < 1000; i++) {
            crowd.put("m" + i, module(many, Map.of()));
        }
        Map<String, Object> self = new LinkedHashMap<>();
        Map<String, Object> circle = state(Map.of(), self);
        self.put("self", OfficialModule.persistent("UNet", "", circle));
        Call shared = module(Map.of(), Map.of());
        Call deep = module(Map.of(), Map.of());
        for (int i = 0; i < 100; i++) {
            shared = module(Map.of(), Map.of("a", shared, "b", shared));
            deep = module(Map.of(), Map.of("a", deep));
        }
        long huge = 1L << 31;
        String outside = "is not inside its storage of 8 elements";
        return Stream.of(
                network("one storage", "take more bytes", state(many, Map.of())),
                network("one storage of views", "take more bytes", state(views, Map.of())),
                network("parameters in many modules", "10,000 tensors", state(Map.of(), crowd)),
                network("module in itself", "is inside of itself", circle),
                network("shared modules", "in two places", state(Map.of(), Map.of("a", shared))),
                network("deep modules", "is inside of itself", state(Map.of(), Map.of("a", deep))),
                network(
                        "no module",
                        "a module has no _parameters",
                        state(Map.of(), Map.of("a", 1))),
                network(
                        "stride 0",
                        outside,
                        of(storage("FloatStorage"), 0, Tuple.of(huge), Tuple.of(0))),
                network(
                        "shape that overflows",
                        outside,
                        of(
                                storage("FloatStorage"),
                                0,
                                Tuple.of(huge, huge, huge),
                                Tuple.of(0, 0, 0))),
                network(
                        "stride that overflows",
                        outside,
                        of(storage("FloatStorage"), 0, Tuple.of(3), Tuple.of(Long.MAX_VALUE))),
                network(
                        "negative size",
                        outside,
                        of(storage("FloatStorage"), 0, Tuple.of(-1), Tuple.of(1))),
                network(
                        "negative stride",
                        outside,
                        of(storage("FloatStorage"), 7, Tuple.of(2), Tuple.of(-1))),
                network(
                        "offset beyond",
                        outside,
                        of(storage("FloatStorage"), 8, Tuple.of(1), Tuple.of(1))),
                network(
                        "negative offset",
                        outside,
                        of(storage("FloatStorage"), -1, Tuple.of(1), Tuple.of(1))),
                network(
                        "shape of texts",
                        "wrong arguments for torch._utils",
                        of(storage("FloatStorage"), 0, Tuple.of("a"), Tuple.of(1))),
                network(
                        "shape without strides",
                        "strides do not fit",
                        of(storage("FloatStorage"), 0, Tuple.of(1, 1, 1, 1), Tuple.of(1))),
                network(
                        "no storage",
                        "wrong arguments for torch._utils",
                        of(List.of(), 0, Tuple.of(1), Tuple.of(1))),
                network(
                        "large offset",
                        "wrong arguments for torch._utils",
                        of(
                                storage("FloatStorage"),
                                BigInteger.TWO.pow(70),
                                Tuple.of(1),
                                Tuple.of(1))),
                network(
                        "unknown storage",
                        "torch.ComplexFloatStorage, which is not",
                        of(storage("ComplexFloatStorage"), 0, Tuple.of(1), Tuple.of(1))),
                network(
                        "quantized storage",
                        "torch.QInt8Storage, which is not",
                        of(storage("QInt8Storage"), 0, Tuple.of(1), Tuple.of(1))));
    }

    private static Arguments network(String name, String expected, Map<String, Object> state) {
        return Arguments.of(Named.of(name, state), expected);
    }

    /** Networks whose modules or tensors cannot be, or would take more than the file has. */
    @ParameterizedTest
    @MethodSource("networks")
    void impossibleNetworksAreRefused(Map<String, Object> state, String expected)
            throws IOException {
        Call root = OfficialModule.persistent("Precond", "", state);
        for (int protocol : new int[] {2, 4}) {
            Path file = folder.resolve("network.pkl");
            Files.write(file, Pickler.dump(protocol, Map.of("ema", root)));
            Refused.assertRefused(file, expected);
        }
    }

    private static Map<String, Object> of(
            Object storage, Object offset, Tuple shape, Tuple stride) {
        return state(Map.of("w", tensor(storage, offset, shape, stride)), Map.of());
    }

    private static Call tensor(Object storage, Object offset, Tuple shape, Tuple stride) {
        Global function = new Global("torch._utils", "_rebuild_tensor_v2");
        return new Call(function, storage, offset, shape, stride, false, null);
    }

    private static Call storage(String type) {
        byte[] bytes = storageOf(type).getBytes(StandardCharsets.ISO_8859_1);
        return new Call(new Global("torch.storage", "_load_from_bytes"), new Binary(bytes));
    }

    private static Call module(Map<String, ?> parameters, Map<String, ?> modules) {
        return OfficialModule.persistent("Block", "", state(parameters, modules));
    }

    private static Map<String, Object> state(Map<String, ?> parameters, Map<String, ?> modules) {
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("_parameters", parameters);
        state.put("_buffers", Map.of());
        state.put("_modules", modules);
        state.put("_init_args", Tuple.of());
        state.put("_init_kwargs", Map.of());
        return state;
    }

    /** Lists of two times the list before, 200 times. */
    private static String doubled() {
        StringBuilder pickle = new StringBuilder("]q\0");
        for (int i = 1; i < 200; i++) {
            String before = "h" + (char) (i - 1);
            pickle.append("]q")
                    .append((char) i)
                    .append(before)
                    .append('a')
                    .append(before)
                    .append('a');
        }
        return "(" + pickle + "l.";
    }

    /** One archive, read many times. */
    private static String archived(Supplier<String> pickle) {
        String root = pickle.get();
        String archive = root.startsWith(BEGIN) ? archive(root) + list() : root;
        String padded = archive + "\0".repeat(100_000);
        String load = global("torch.storage", "_load_from_bytes") + "q\1";
        return "B"
                + four(padded.length())
                + padded
                + "q\0"
                + load
                + "h\1h\0\u0085R0".repeat(MANY / 10)
                + ".";
    }

    private static String storage() {
        return storageOf("FloatStorage");
    }

    /** The archive of a storage of eight zeros. */
    private static String storageOf(String type) {
        Tuple id = Tuple.of("storage", new Global("torch", type), "0", "cpu", 8, null);
        String keys = pickle(List.of("0"));
        return archive(pickle(new PersistentId(id))) + keys + eight(8) + "\0".repeat(32);
    }

    /** What {@code torch.save} wrote in former times, up to the pickle of the object. */
    private static String archive(String object) {
        String magic = pickle(new BigInteger("1950a86a20f9469cfc6c", 16));
        return magic + pickle(1001) + pickle(Map.of("little_endian", true)) + object;
    }

    private static String list() {
        return pickle(List.of());
    }

    private static String load(String archive) {
        String function = global("torch.storage", "_load_from_bytes");
        return function + "B" + four(archive.length()) + archive + "\u0085R";
    }

    private static String pickle(Object value) {
        return new String(Pickler.dump(2, value), StandardCharsets.ISO_8859_1);
    }

    private static String global(String module, String name) {
        return "c" + module + "\n" + name + "\n";
    }

    private static String text(String text) {
        return "X" + four(text.length()) + text;
    }

    private static String four(int number) {
        return eight(number).substring(0, Integer.BYTES);
    }

    private static String eight(long number) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return new String(bytes.putLong(number).array(), StandardCharsets.ISO_8859_1);
    }

    private Path write(String pickle) throws IOException {
        Path file = folder.resolve("network.pkl");
        return Files.write(file, pickle.getBytes(StandardCharsets.ISO_8859_1));
    }
}
