package io.github.edm2.tests.faults;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.TinyNetwork;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.tests.official.OfficialModule;
import io.github.edm2.tests.official.OfficialPickleWriter;
import io.github.edm2.tests.official.Pickler;
import io.github.edm2.tests.official.Pickler.Call;
import io.github.edm2.tests.official.Pickler.Global;
import io.github.edm2.tests.official.Pickler.NewObject;
import io.github.edm2.tests.official.Pickler.Tuple;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Proves that files cut short and files of other kinds are refused with what they are. */
class DamagedOfficialFileTest {

    private static final int CUTS = 60;

    @TempDir private Path folder;

    private Path file;
    private Map<String, INDArray> tensors;

    @BeforeEach
    void makeNetwork() {
        file = folder.resolve("network.pkl");
        tensors =
                StateDict.of(Edm2.builder().options(TinyNetwork.options().build()).build().init());
    }

    private static Map<String, Object> kwargs() {
        Map<String, Object> kwargs = new LinkedHashMap<>();
        kwargs.put("img_resolution", 4);
        kwargs.put("img_channels", 2);
        kwargs.put("label_dim", 3);
        kwargs.put("model_channels", 2);
        kwargs.put("channel_mult", List.of(1, 1));
        kwargs.put("num_blocks", 1);
        kwargs.put("attn_resolutions", List.of(2));
        kwargs.put("channels_per_head", 1);
        kwargs.put("resample_filter", List.of(1, 3, 3, 1));
        kwargs.put("logvar_channels", 4);
        return kwargs;
    }

    private OfficialPickleWriter writer(Map<String, ?> kwargs) {
        return new OfficialPickleWriter(kwargs, tensors).types(DataType.FLOAT, DataType.FLOAT);
    }

    /** The network of these tests is one: what makes the others fail is what is wrong in them. */
    @Test
    void wholeFileIsRead() throws IOException {
        writer(kwargs()).write(file);
        Map<String, INDArray> read = StateDict.of(Edm2.fromOfficial(file));
        tensors.forEach((name, tensor) -> Golden.assertClose(tensor, read.get(name), 0, name));
    }

    /** A file that ends too early is refused wherever it ends. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cutFilesAreRefused(boolean zip) throws IOException {
        OfficialPickleWriter writer = writer(kwargs());
        (zip ? writer.zip() : writer).write(file);
        byte[] whole = Files.readAllBytes(file);
        for (int i = 0; i < CUTS; i++) {
            Files.write(file, Arrays.copyOf(whole, (int) ((long) whole.length * i / CUTS)));
            Refused.assertRefused(file, i == 0 ? "is empty" : "damaged");
        }
        Files.write(file, Arrays.copyOf(whole, whole.length - 1));
        Refused.assertRefused(file, "damaged");
    }

    /** What is no pickle is told from one. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "A text.",
                "P",
                "PNG",
                "\u0089PNG\r\n\u001a\n",
                "(dp0\nS'ema'\np1\nNs.",
                "{}",
                "\0"
            })
    void otherFilesAreRefused(String content) throws IOException {
        Files.write(file, content.getBytes(StandardCharsets.ISO_8859_1));
        Refused.assertRefused(file, "is neither a pickle of protocol 2 to 5 nor a zip archive");
    }

    static Stream<Arguments> roots() {
        Map<String, Object> state = Map.of("_parameters", Map.of());
        Global linear = new Global("torch.nn.modules.linear", "Linear");
        return Stream.of(
                Arguments.of(
                        Map.of("lines\nand\0marks\u2028", 1), "a dict with the keys lines?and?"),
                Arguments.of(Map.of("x".repeat(200), 1), "a dict with the keys xxx"),
                Arguments.of(Map.of(Tuple.of(1, 2), 1), "a dict with the keys a tuple,"),
                Arguments.of(Map.of("ema", 7), "a dict with the keys ema,"),
                Arguments.of(List.of(1, 2), "holds a list,"),
                Arguments.of(Tuple.of(1, 2, 3, 4), "holds a tuple,"),
                Arguments.of("ema", "holds a text,"),
                Arguments.of(3, "holds an int,"),
                Arguments.of(true, "holds a bool,"),
                Arguments.of(.5, "holds a float,"),
                Arguments.of(linear, "holds the class torch.nn.modules.linear.Linear,"),
                Arguments.of(
                        new NewObject(linear, Map.of(), state),
                        "holds an object of class torch.nn.modules.linear.Linear,"),
                Arguments.of(
                        new Call(new Global("numpy", "dtype"), "f4"),
                        "holds an object of class numpy.dtype,"),
                Arguments.of(
                        OfficialModule.persistent("Precond", "", state),
                        "a module has no _buffers"),
                Arguments.of(
                        OfficialModule.persistent(null, "", state),
                        "wrong arguments for torch_utils.persistence"),
                Arguments.of(
                        OfficialModule.persistent("Precond", "", null),
                        "wrong arguments for torch_utils.persistence"));
    }

    /** A pickle of anything else is described. */
    @ParameterizedTest
    @MethodSource("roots")
    void otherPicklesAreRefused(Object root, String expected) throws IOException {
        for (int protocol = 2; protocol <= 5; protocol++) {
            Files.write(file, Pickler.dump(protocol, root));
            Refused.assertRefused(file, expected);
        }
    }

    /** Snapshots without a network, or with one of another kind, are described. */
    @Test
    void otherNetworksAreRefused() throws IOException {
        writer(kwargs()).network("EDMPrecond").write(file);
        Refused.assertRefused(file, "holds a network of class EDMPrecond, not EDM2's Precond");
        writer(kwargs()).without("ema").write(file);
        Refused.assertRefused(
                file, "of class dnnlib.util.EasyDict with the keys encoder, dataset_kwargs,");
        writer(kwargs()).root(OfficialModule.ordered(tensors)).zip().write(file);
        Refused.assertRefused(file, "a dict with the keys unet.");
        tensors.remove("logvar_linear.weight");
        writer(kwargs()).write(file);
        Refused.assertRefused(file, "parameters, which are not those of the network");
    }

    static Stream<Arguments> wrongArguments() {
        List<Object> cyclic = new ArrayList<>();
        cyclic.add(cyclic);
        int billion = 1_000_000_000;
        String integer = "\": it must be an integer from 0";
        String list = "\": it must be a short list, each element of which is a";
        String size = "parameters, which are not those of the network";
        return Stream.of(
                Arguments.of("num_heads", 4, "the argument \"num_heads\", which EDM2"),
                Arguments.of("two\nlines", 4, "the argument \"two?lines\", which EDM2"),
                Arguments.of("num_blocks", billion, size),
                Arguments.of("model_channels", billion, size),
                Arguments.of("label_dim", billion, size),
                Arguments.of("logvar_channels", Integer.MAX_VALUE, size),
                Arguments.of("logvar_channels", 1L << 31, "logvar_channels" + integer),
                Arguments.of("num_blocks", BigInteger.TWO.pow(900), "num_blocks" + integer),
                Arguments.of("num_blocks", -1, "num_blocks" + integer),
                Arguments.of("num_blocks", 1.5, "num_blocks" + integer),
                Arguments.of("num_blocks", "1", "num_blocks" + integer),
                Arguments.of("num_blocks", true, "num_blocks" + integer),
                Arguments.of("num_blocks", null, "num_blocks" + integer),
                Arguments.of("num_blocks", 0, size),
                Arguments.of("img_resolution", 0, "imgResolution must be"),
                Arguments.of("channel_mult", 3, "channel_mult" + list),
                Arguments.of("channel_mult", List.of(), "channelMult must not be empty"),
                Arguments.of("channel_mult", List.of(List.of(1)), "channel_mult" + list),
                Arguments.of("channel_mult", List.of(1, 1L << 40), "channel_mult" + list),
                Arguments.of("channel_mult", cyclic, "channel_mult" + list),
                Arguments.of("channel_mult", Collections.nCopies(33, 1), size),
                Arguments.of("channel_mult", Collections.nCopies(1000, 1), "channel_mult" + list),
                Arguments.of("channel_mult", List.of(1 << 30, 1 << 30), size),
                Arguments.of("channel_mult", new float[1 << 14], "a NumPy array"),
                Arguments.of("channel_mult_noise", billion, size),
                Arguments.of("channel_mult_noise", 1.5, "channel_mult_noise" + integer),
                Arguments.of("channel_mult_noise", 0, size),
                Arguments.of("channel_mult_emb", billion, size),
                Arguments.of("resample_filter", List.of("a"), "resample_filter" + list),
                Arguments.of("resample_filter", List.of(1, 2, 1), "3"),
                Arguments.of("label_balance", 5, "5"),
                Arguments.of("concat_balance", Double.NaN, "concat_balance\": it must be"),
                Arguments.of("sigma_data", 0, "sigmaData must be greater than 0"),
                Arguments.of("sigma_data", cyclic, "sigma_data\": it must be a number"));
    }

    /** Arguments that no network has been made with are named, before they cost anything. */
    @ParameterizedTest
    @MethodSource("wrongArguments")
    void wrongArgumentsAreRefused(String name, Object value, String expected) throws IOException {
        Map<String, Object> kwargs = kwargs();
        OfficialPickleWriter writer = writer(kwargs);
        kwargs.put(name, value);
        writer.write(file);
        Refused.assertRefused(file, expected);
    }

    /** Zip archives of other kinds, or with parts missing, are told apart. */
    @Test
    void otherArchivesAreRefused() throws IOException {
        writer(kwargs()).zip().write(file);
        Path whole = folder.resolve("whole");
        Files.move(file, whole);
        copy(whole, ZipEntry.DEFLATED, "");
        Refused.assertRefused(file, "archive/data.pkl is compressed");
        copy(whole, ZipEntry.STORED, "archive/data.pkl");
        Refused.assertRefused(file, "is a zip archive, but none that PyTorch");
        copy(whole, ZipEntry.STORED, "archive/data/3");
        Refused.assertRefused(file, "its zip archive lacks the entry archive/data/3");
        Files.writeString(file, "PK, but no archive");
        Refused.assertRefused(file, "is a zip archive that is damaged or cut short");
    }

    /** All entries but one, stored or compressed. */
    private void copy(Path whole, int method, String without) throws IOException {
        try (ZipFile in = new ZipFile(whole.toFile());
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
            for (ZipEntry entry : Collections.list(in.entries())) {
                if (!entry.getName().equals(without)) {
                    ZipEntry copy = new ZipEntry(entry.getName());
                    copy.setMethod(method);
                    copy.setSize(entry.getSize());
                    copy.setCrc(entry.getCrc());
                    out.putNextEntry(copy);
                    in.getInputStream(entry).transferTo(out);
                    out.closeEntry();
                }
            }
        }
    }

    static Stream<Arguments> legacyHeads() {
        BigInteger magic = new BigInteger("1950a86a20f9469cfc6c", 16);
        Map<String, Object> little = Map.of("little_endian", true);
        Map<String, Object> big = Map.of("little_endian", false);
        return Stream.of(
                Arguments.of(List.of(magic.add(BigInteger.ONE), 1001, little), "its magic number"),
                Arguments.of(List.of(magic, 1000, little), "its version"),
                Arguments.of(List.of(magic, 1001, big), "its byte order"),
                Arguments.of(List.of(magic, 1001, little, 5, 5), "its list of storages"),
                Arguments.of(List.of(magic, 1001, little, 5, List.of("a")), "a storage's length"),
                Arguments.of(List.of(magic, 1001, little, 5, List.of()), "holds an int,"));
    }

    /** Archives of {@code torch.save} from before it wrote zip archives name what is wrong. */
    @ParameterizedTest
    @MethodSource("legacyHeads")
    void damagedLegacyArchivesAreRefused(List<?> pickles, String expected) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        pickles.forEach(value -> bytes.writeBytes(Pickler.dump(2, value)));
        Files.write(file, bytes.toByteArray());
        Refused.assertRefused(file, expected);
    }
}
