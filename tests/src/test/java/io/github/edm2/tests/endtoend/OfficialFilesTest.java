package io.github.edm2.tests.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.github.edm2.examples.cli.Main;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.checkpoint.StateDict;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Proves that the command line takes the official release's files and gives what it gives. */
class OfficialFilesTest {

    private static final Path OFFICIAL = Path.of("src/test/resources/golden/official");
    private static final Path NETWORK = OFFICIAL.resolve("network.pkl");

    /** Half precision's relative rounding, and the smallest difference it knows. */
    private static final double HALF_ROUNDING = 0x1p-11 * 1.002;

    private static final double HALF_TINY = 0x1p-25;

    @TempDir Path folder;

    private static String run(int code, Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        String[] texts = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        int actual = Main.run(texts, stream, stream);
        String said = out.toString(StandardCharsets.UTF_8);
        assertEquals(code, actual, said);
        return said;
    }

    @Test
    void generateDrawsTheOfficialImages() throws IOException {
        run(
                0,
                "generate",
                "--net",
                NETWORK,
                "--outdir",
                folder,
                "--seeds",
                "0-7",
                "--steps",
                4,
                "--batch",
                3);
        assertImages("images/steps4", 0);
    }

    @Test
    void generateDrawsOneClass() throws IOException {
        run(
                0,
                "generate",
                "--net",
                NETWORK,
                "--outdir",
                folder,
                "--seeds",
                "3-4",
                "--steps",
                4,
                "--class",
                2);
        assertImages("images/class2_seeds3-4_steps4", 3);
    }

    @Test
    void trainStartsFromTheOfficialWeights() throws IOException {
        Path data = folder.resolve("data");
        run(0, "generate", "--net", NETWORK, "--outdir", data, "--seeds", "0-3", "--steps", 2);
        Path outdir = Files.createDirectory(folder.resolve("run"));
        Files.writeString(outdir.resolve("checkpoints"), "in the way of the first checkpoint");
        Object[] train = {
            "train",
            "--outdir",
            outdir,
            "--data",
            data,
            "--init",
            NETWORK,
            "--cond=false",
            "--preset",
            "edm2-16-tiny",
            "--batch",
            2,
            "--duration",
            2
        };
        run(1, train);
        Map<String, INDArray> official = StateDict.of(Edm2.fromOfficial(NETWORK));
        official.remove("unet.emb_label.weight");
        assertEquals(official, StateDict.of(Edm2.read(outdir.resolve("network.zip")).graph()));
        Files.delete(outdir.resolve("checkpoints"));
        run(0, train);
    }

    private void assertImages(String name, int firstSeed) throws IOException {
        INDArray expected = Golden.read("official/expected").get(name);
        int different = 0;
        int count = (int) expected.size(0);
        for (int i = 0; i < count; i++) {
            Raster raster =
                    ImageIO.read(folder.resolve("%06d.png".formatted(firstSeed + i)).toFile())
                            .getRaster();
            for (int channel = 0; channel < 3; channel++) {
                int[] drawn = raster.getSamples(0, 0, 16, 16, channel, (int[]) null);
                int[] official =
                        expected.slice(i).slice(channel).dup('c').reshape(-1).toIntVector();
                for (int pixel = 0; pixel < drawn.length; pixel++) {
                    int difference = Math.abs(drawn[pixel] - official[pixel]);
                    assertTrue(difference <= 1, "a value of image %d differs".formatted(i));
                    different += difference;
                }
            }
        }
        assertTrue(different <= expected.length() / 1000, different + " values differ");
    }

    @ParameterizedTest
    @CsvSource({
        "0.03, 6, std0.030",
        "0.05, 6, std0.050",
        "0.075, 6, std0.075",
        "0.15, 6, std0.150",
        "0.1, 4, kimg4-std0.100"
    })
    void phemaReconstructsOfficialSnapshots(double sigmaRel, int kimg, String name)
            throws IOException {
        run(
                0,
                "phema",
                "--indir",
                OFFICIAL.resolve("raw-snapshots"),
                "--outdir",
                folder,
                "--outstd",
                sigmaRel,
                "--outkimg",
                kimg);
        Path file = folder.resolve("phema-%07d-%.3f.zip".formatted(kimg, sigmaRel));
        Map<String, INDArray> actual = StateDict.of(Edm2.read(file).graph());
        Map<String, INDArray> expected = Golden.read("official/reconstructed").under(name);
        assertEquals(53, expected.size());
        expected.forEach((tensor, array) -> assertWithinHalfRounding(array, actual, tensor));
        run(0, "generate", "--net", file, "--outdir", folder, "--seeds", 0, "--steps", 2);
        assertTrue(Files.exists(folder.resolve("000000.png")));
    }

    private static void assertWithinHalfRounding(
            INDArray expected, Map<String, INDArray> actual, String tensor) {
        INDArray e = expected.castTo(DataType.DOUBLE);
        INDArray a = actual.get(tensor).castTo(DataType.DOUBLE);
        double[] tolerance =
                Arrays.stream(e.dup('c').reshape(e.length()).toDoubleVector())
                        .map(v -> Math.abs(v) * HALF_ROUNDING + HALF_TINY)
                        .toArray();
        double[] difference = e.sub(a).dup('c').reshape(e.length()).toDoubleVector();
        for (int i = 0; i < tolerance.length; i++) {
            assertTrue(
                    Math.abs(difference[i]) <= tolerance[i],
                    "%s[%d] differs by %g".formatted(tensor, i, difference[i]));
        }
    }

    @Test
    void phemaTakesTheOfficialNamesAndFilters() throws IOException {
        Path in = Files.createDirectories(folder.resolve("in"));
        try (Stream<Path> files = Files.list(OFFICIAL.resolve("raw-snapshots"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                Files.copy(file, in.resolve(name.replace("network-snapshot", "mine")));
            }
        }
        Path out = folder.resolve("out");
        String said =
                run(
                        0,
                        "phema",
                        "--indir",
                        in,
                        "--inprefix",
                        "mine",
                        "--instd",
                        "0.10",
                        "--outprefix",
                        "ours",
                        "--outdir",
                        out,
                        "--outstd",
                        "0.08",
                        "--format",
                        "safetensors");
        assertTrue(said.contains("from 6 snapshots"), said);
        Path file = out.resolve("ours-0000006-0.080.safetensors");
        byte[] first = Files.readAllBytes(file);
        said =
                run(
                        0,
                        "phema",
                        "--indir",
                        in,
                        "--inprefix",
                        "mine",
                        "--outprefix",
                        "ours",
                        "--outdir",
                        out,
                        "--outstd",
                        "0.08",
                        "--format",
                        "safetensors",
                        "--skip");
        assertTrue(said.contains("averages wanted anew: 0 of 1,"), said);
        assertEquals(List.of(first.length), List.of(Files.readAllBytes(file).length));
        Object[] others = {
            "phema", "--indir", in, "--inprefix", "other", "--outdir", out, "--outstd", "0.08"
        };
        said = run(1, others);
        assertTrue(said.contains(in.toString()), said);
        said =
                run(
                        1,
                        "phema",
                        "--indir",
                        in,
                        "--inprefix",
                        "mine",
                        "--instd",
                        "0.07",
                        "--outdir",
                        out,
                        "--outstd",
                        "0.08");
        assertTrue(said.contains("[0.050, 0.100]"), said);
    }

    @Test
    void phemaTakesTheOnlyPrefixAndAsksAmongSeveral() throws IOException {
        Path in = rawSnapshots("edm2-img512-s");
        // The weights at the start of a training are no average.
        Files.writeString(in.resolve("edm2-img512-s-0000000-0.100.pkl"), "not read");
        Files.writeString(in.resolve("other-0000000-0.100.pkl"), "not read");
        Path out = folder.resolve("out");
        String said = run(0, "phema", "--indir", in, "--outdir", out, "--outstd", "0.08");
        assertTrue(said.contains("from 12 snapshots"), said);
        assertTrue(Files.exists(out.resolve("phema-0000006-0.080.zip")));
        Files.writeString(in.resolve("other-0000001-0.100.pkl"), "not read");
        said = run(2, "phema", "--indir", in, "--outdir", out, "--outstd", "0.08");
        assertTrue(said.contains("--inprefix: edm2-img512-s, other"), said);
    }

    @Test
    void phemaLeavesOutCutOfficialSnapshotsIfAsked() throws IOException {
        Path in = rawSnapshots("mine");
        for (String std : List.of("0.050", "0.100")) {
            Path cut = in.resolve("mine-0000006-" + std + ".pkl");
            byte[] whole = Files.readAllBytes(cut);
            Files.write(cut, Arrays.copyOf(whole, whole.length - 5));
        }
        Path out = folder.resolve("out");
        String said = run(1, "phema", "--indir", in, "--outdir", out, "--outstd", "0.08");
        assertTrue(said.contains("2 of 12 snapshots"), said);
        assertTrue(said.contains("--skip-missing"), said);
        said =
                run(
                        0,
                        "phema",
                        "--indir",
                        in,
                        "--outdir",
                        out,
                        "--outstd",
                        "0.08",
                        "--skip-missing");
        assertTrue(said.contains("left out: 2 of 12 snapshots"), said);
        assertTrue(Files.exists(out.resolve("phema-0000005-0.080.zip")), said);
    }

    private Path rawSnapshots(String prefix) throws IOException {
        Path in = Files.createDirectories(folder.resolve("in"));
        try (Stream<Path> files = Files.list(OFFICIAL.resolve("raw-snapshots"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                Files.copy(file, in.resolve(name.replace("network-snapshot", prefix)));
            }
        }
        return in;
    }

    @Test
    void phemaWritesTheSameWeightsInEveryFormat() throws IOException {
        Object[] phema = {
            "phema",
            "--indir",
            OFFICIAL.resolve("raw-snapshots"),
            "--outdir",
            folder,
            "--outstd",
            "0.08,0.12",
            "--format",
            "safetensors"
        };
        run(0, phema);
        run(0, Arrays.copyOf(phema, phema.length - 2));
        Path file = folder.resolve("phema-0000006-0.120.safetensors");
        Map<String, INDArray> exact = StateDict.of(Edm2.read(file).graph());
        Path zip = folder.resolve("phema-0000006-0.120.zip");
        assertEquals(exact, StateDict.of(Edm2.read(zip).graph()));
        long size = Files.size(file);

        List<Object> half = new ArrayList<>(List.of(phema));
        half.add("--half");
        run(0, half.toArray());
        assertTrue(Files.size(file) < 0.6 * size, "half-precision weights take half the room");
        Map<String, INDArray> rounded = StateDict.of(Edm2.read(file).graph());
        exact.forEach((tensor, array) -> assertWithinHalfRounding(array, rounded, tensor));
        half.removeAll(List.of("--format", "safetensors"));
        run(2, half.toArray());
    }

    @Test
    void phemaLeavesNothingHalfWritten() throws IOException {
        Path in = Files.createDirectories(folder.resolve("in"));
        try (Stream<Path> files = Files.list(OFFICIAL.resolve("raw-snapshots"))) {
            for (Path file : files.toList()) {
                Files.copy(file, in.resolve(file.getFileName()));
            }
        }
        Path damaged = in.resolve("network-snapshot-0000004-0.050.pkl");
        Files.write(damaged, Arrays.copyOf(Files.readAllBytes(damaged), 1000));
        Path out = Files.createDirectories(folder.resolve("out"));
        run(1, "phema", "--indir", in, "--outdir", out, "--outstd", "0.05,0.1");
        try (Stream<Path> left = Files.list(out)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void convertKeepsEveryBit() {
        Map<String, INDArray> official = StateDict.of(Edm2.fromOfficial(NETWORK));
        Path tensors = folder.resolve("net.safetensors");
        Path zip = folder.resolve("net.zip");
        run(0, "convert", "--from", NETWORK, "--to", tensors);
        run(0, "convert", "--from", tensors, "--to", zip);
        for (Path file : List.of(tensors, zip)) {
            ComputationGraph graph = Edm2.read(file).graph();
            Map<String, INDArray> converted = StateDict.of(graph);
            assertEquals(official.keySet(), converted.keySet());
            official.forEach((name, array) -> assertEquals(array, converted.get(name), name));
        }
        run(2, "convert", "--from", NETWORK, "--to", folder.resolve("net.pkl"));
        run(2, "convert", "--from", NETWORK, "--to", tensors, "--like", zip);
    }

    @Test
    void presetIsFoundInTheModelFolder() throws IOException {
        Path models = Files.createDirectories(folder.resolve("models"));
        Files.copy(NETWORK, models.resolve("edm2-img64-s-1073741-0.045.pkl"));
        Files.copy(NETWORK, models.resolve("edm2-img64-xs-0134217-0.110.pkl"));
        run(
                0,
                "generate",
                "--preset",
                "edm2-img64-s-autog-fid",
                "--model-dir",
                models,
                "--outdir",
                folder,
                "--seeds",
                "1",
                "--steps",
                2);
        assertTrue(Files.exists(folder.resolve("000001.png")));
        String said = run(2, "generate", "--preset", "edm2-img64-q", "--outdir", folder);
        assertTrue(said.contains("edm2-img64-s-fid"), said);
        run(2, "generate", "--net", NETWORK, "--model-dir", models, "--outdir", folder);
        run(2, "generate", "--outdir", folder);
    }

    @Test
    void zooDownloadsThePublishedNetwork() throws IOException {
        byte[] content = Files.readAllBytes(NETWORK);
        HttpServer server = HttpServer.create(new InetSocketAddress("localhost", 0), 0);
        server.createContext(
                "/nets/edm2-img512-xs-2147483-0.135.pkl",
                exchange -> {
                    exchange.sendResponseHeaders(200, content.length);
                    exchange.getResponseBody().write(content);
                    exchange.close();
                });
        server.start();
        try {
            URI url =
                    URI.create(
                            "http://localhost:%d/nets/".formatted(server.getAddress().getPort()));
            Edm2 model =
                    Edm2.preset("edm2-img512-xs")
                            .modelFiles(new ModelFiles(null, folder, url))
                            .build();
            ComputationGraph graph = (ComputationGraph) model.initPretrained();
            assertEquals(Edm2.fromOfficial(NETWORK).params(), graph.params());
            assertTrue(Files.exists(folder.resolve("edm2-img512-xs-2147483-0.135.pkl.sha256")));
        } finally {
            server.stop(0);
        }
        assertThrows(
                UnsupportedOperationException.class,
                () -> Edm2.preset("edm2-16-tiny").build().initPretrained());
    }
}
