package io.github.edm2.tests.official;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class OfficialPickleWriterTest {

    @TempDir private Path folder;

    @Test
    void picklesAreThoseOfPython() {
        // pickle.dumps({'a': [1, 300], 'b': 'a'}, protocol)
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("a", List.of(1, 300));
        value.put("b", "a");
        Assertions.assertEquals(
                "80027d71002858010000006171015d7102284b014d2c016558010000006271036801752e",
                hex(Pickler.dump(2, value)));
        Assertions.assertEquals(
                "80049518000000000000007d94288c0161945d94284b014d2c01658c0162946801752e",
                hex(Pickler.dump(4, value)));
    }

    @Test
    void snapshotHoldsTheNetworkAndItsHalfPrecisionData() throws IOException {
        Path file = folder.resolve("network.pkl");
        writer().write(file);
        String pickle = Files.readString(file, StandardCharsets.ISO_8859_1);
        Assertions.assertTrue(pickle.startsWith("\u0080\u0004\u0095"), "protocol and frame");
        Assertions.assertTrue(pickle.endsWith("uu\u0085\u0094R\u0094u."), "network, root, stop");
        for (String name : List.of("EasyDict", "Precond", "UNet", "ModuleDict", "Block")) {
            Assertions.assertTrue(pickle.contains(name), name);
        }
        String stored = "\2\0\0\0\0\0\0\0" + "\0<\0\u00c0";
        Assertions.assertTrue(pickle.contains(stored), "two halves, 1 and -2");
    }

    @Test
    void archiveHoldsAlignedStorages() throws IOException {
        Path file = folder.resolve("network.pt");
        writer().zip().types(DataType.FLOAT16, DataType.FLOAT).write(file);
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            Assertions.assertEquals("003c00c0", hex(read(zip, "archive/data/0")));
            Assertions.assertEquals("0000803f000000c0", hex(read(zip, "archive/data/1")));
            Assertions.assertEquals("330a", hex(read(zip, "archive/version")));
            Assertions.assertEquals(ZipEntry.STORED, zip.getEntry("archive/data.pkl").getMethod());
        }
        Assertions.assertEquals(0, bytes.indexOf("\0\0\u0080?\0\0\0\u00c0") % 64);
        Assertions.assertTrue(bytes.contains("ctorch\nHalfStorage\n"));
    }

    private static OfficialPickleWriter writer() {
        INDArray numbers = Nd4j.createFromArray(1f, -2f);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("unet.enc.4x4_block0.conv_res0.weight", numbers);
        tensors.put("unet.emb_fourier.freqs", numbers.dup());
        return new OfficialPickleWriter(Map.of("img_resolution", 4), tensors);
    }

    private static byte[] read(ZipFile zip, String entry) throws IOException {
        try (InputStream in = zip.getInputStream(zip.getEntry(entry))) {
            return in.readAllBytes();
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
