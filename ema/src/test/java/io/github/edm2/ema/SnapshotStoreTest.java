package io.github.edm2.ema;

import static io.github.edm2.ema.EmaTrackerTest.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SnapshotStoreTest {

    @TempDir Path folder;
    private ComputationGraph graph;

    @BeforeEach
    void makeNetwork() {
        graph = Models.graph(WorkspaceMode.ENABLED);
    }

    @Test
    void floatSnapshotsKeepEveryBit() {
        Snapshot snapshot = store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        SnapshotStore reopened = SnapshotStore.open(folder);
        assertEquals(List.of(snapshot), reopened.snapshots());
        assertClose(Weights.of(graph), reopened.read(snapshot), 0);
    }

    @Test
    void halfSnapshotsRoundToElevenBits() {
        Snapshot half = store().add(0.05, 100, Weights.of(graph), DataType.FLOAT16);
        Weights read = SnapshotStore.open(folder).read(half);
        for (String name : read.names()) {
            INDArray exact = graph.paramTable().get(name);
            double largest = exact.amaxNumber().doubleValue();
            double error = exact.sub(read.get(name)).amaxNumber().doubleValue();
            assertTrue(error <= largest * 0x1p-11, name + " " + error);
        }
        assertEquals(2 * graph.params().length(), half.bytes() - headerBytes(half));
    }

    @Test
    void numbersBeyondHalfPrecisionAreRefused() {
        graph.getParam("out_b").assign(70000);
        SnapshotStore store = store();
        String message =
                assertThrows(
                                SnapshotException.class,
                                () -> store.add(0.05, 100, Weights.of(graph), DataType.FLOAT16))
                        .getMessage();
        assertTrue(message.startsWith("out_b reaches 70000"), message);
        assertEquals(Set.of("manifest.json"), files());
    }

    @Test
    void fileIsSafetensorsWithRowMajorTensors() throws IOException {
        Snapshot snapshot = store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        byte[] bytes = Files.readAllBytes(folder.resolve(snapshot.file()));
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int headerLength = (int) buffer.getLong();
        assertEquals(0, headerLength % 8);
        String header = new String(bytes, 8, headerLength, StandardCharsets.UTF_8);
        assertTrue(
                header.startsWith(
                        "{\"__metadata__\":{\"sigmaRel\":\"0.05\",\"imageCount\":\"100\"}"),
                header);
        INDArray weight = graph.paramTable().get("out_W");
        assertEquals('f', weight.ordering(), "a column-major array shows a missing conversion");
        String entry =
                "\"out_W\":{\"dtype\":\"F32\",\"shape\":["
                        + weight.size(0)
                        + ",2],\"data_offsets\":[";
        int at = header.indexOf(entry) + entry.length();
        int begin = Integer.parseInt(header.substring(at, header.indexOf(',', at)));
        for (int i = 0; i < weight.length(); i++) {
            float expected = weight.getFloat(i / 2, i % 2);
            assertEquals(expected, buffer.getFloat(8 + headerLength + begin + 4 * i));
        }
    }

    @Test
    void doublePrecisionAndScalarParametersAreStored() {
        MultiLayerNetwork wide = Models.network(WorkspaceMode.NONE, DataType.DOUBLE);
        SnapshotStore wideStore = SnapshotStore.openOrCreate(folder.resolve("double"), wide);
        Snapshot one = wideStore.add(0.05, 10, Weights.of(wide), DataType.FLOAT);
        MultiLayerNetwork other = Models.network(WorkspaceMode.NONE, DataType.DOUBLE);
        other.params().assign(0);
        wideStore.read(one).applyTo(other);
        assertClose(Weights.of(wide), Weights.of(other), 1e-7);

        SameDiff scalar = Models.sameDiff();
        SnapshotStore scalarStore = SnapshotStore.openOrCreate(folder.resolve("scalar"), scalar);
        Snapshot two = scalarStore.add(0.05, 10, Weights.of(scalar), DataType.FLOAT);
        Weights read = SnapshotStore.open(folder.resolve("scalar")).read(two);
        assertEquals(0, read.get("gain").rank());
        assertClose(Weights.of(scalar), read, 0);
    }

    @Test
    void networkLargerThanOnePieceIsStored() {
        SameDiff large = SameDiff.create();
        large.var("first", Nd4j.rand(DataType.FLOAT, 3));
        large.var("large", Nd4j.rand(DataType.FLOAT, (1 << 20) + 5));
        large.var("last", Nd4j.rand(DataType.FLOAT, 2, 2));
        SnapshotStore store = SnapshotStore.openOrCreate(folder, large);
        Snapshot snapshot = store.add(0.05, 10, Weights.of(large), DataType.FLOAT);
        assertClose(Weights.of(large), store.read(snapshot), 0);
    }

    @Test
    void sameSnapshotAgainReplacesTheFirst() {
        SnapshotStore store = store();
        store.add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        graph.params().muli(2);
        Snapshot second = store.add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        assertEquals(Set.of("manifest.json", second.file()), files());
        SnapshotStore reopened = SnapshotStore.open(folder);
        assertEquals(1, reopened.snapshots().size());
        assertClose(Weights.of(graph), reopened.read(second), 0);
        store.add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        assertEquals(Set.of("manifest.json", second.file()), files());
    }

    @Test
    void crashBetweenSnapshotAndManifestLeavesTheOldStore() throws IOException {
        SnapshotStore store = store();
        Snapshot first = store.add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        Weights before = store.read(first);
        graph.params().muli(2);
        for (long imageCount : new long[] {100, 200}) {
            // A folder in its place keeps the manifest from being written.
            Path obstacle = Files.createDirectory(folder.resolve(".manifest.tmp"));
            assertThrows(
                    SnapshotException.class,
                    () -> store.add(0.05, imageCount, Weights.of(graph), DataType.FLOAT));
            Files.delete(obstacle);
        }
        assertEquals(4, files().size(), "two new snapshots that no manifest lists");

        SnapshotStore reopened = SnapshotStore.openOrCreate(folder, graph);
        assertEquals(List.of(first), reopened.snapshots());
        assertClose(before, reopened.read(first), 0);
        reopened.add(0.05, 200, Weights.of(graph), DataType.FLOAT);
        assertEquals(2, SnapshotStore.open(folder).snapshots().size());
    }

    @Test
    void strayTemporaryFilesAreToleratedAndReused() throws IOException {
        store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        Files.write(folder.resolve(".snapshot.tmp"), new byte[1 << 20]);
        Files.write(folder.resolve(".manifest.tmp"), new byte[10]);
        SnapshotStore store = SnapshotStore.openOrCreate(folder, graph);
        Snapshot next = store.add(0.05, 200, Weights.of(graph), DataType.FLOAT);
        assertFalse(files().contains(".snapshot.tmp"));
        assertClose(Weights.of(graph), SnapshotStore.open(folder).read(next), 0);
    }

    @Test
    void truncatedFileIsRefused() throws IOException {
        Snapshot snapshot = store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        Path file = folder.resolve(snapshot.file());
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 7));
        assertEquals(
                file
                        + " is damaged: it has "
                        + (bytes.length - 7)
                        + " bytes instead of "
                        + bytes.length,
                reconstructionFailure());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.0, 0.1, 0.5, 0.999})
    void flippedBitIsRefused(double position) throws IOException {
        Snapshot snapshot = store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        Path file = folder.resolve(snapshot.file());
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) (position * bytes.length)] ^= 1;
        Files.write(file, bytes);
        String message = reconstructionFailure();
        assertTrue(message.contains(file.toString()), message);
    }

    @Test
    void flippedBitInTheDataIsNamedByItsChecksum() throws IOException {
        Snapshot snapshot = store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        Path file = folder.resolve(snapshot.file());
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertEquals(
                file + " is damaged: its CRC-32C is not the manifest's", reconstructionFailure());
    }

    @Test
    void missingFileIsRefused() throws IOException {
        Snapshot snapshot = store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        Path file = folder.resolve(snapshot.file());
        Files.delete(file);
        assertEquals("cannot read " + file + ": there is no file " + file, reconstructionFailure());
    }

    @Test
    void anotherNetworkIsRefused() {
        MultiLayerNetwork five = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        MultiLayerNetwork six = Models.network(WorkspaceMode.NONE, DataType.FLOAT, 6);
        SnapshotStore store = SnapshotStore.openOrCreate(folder, five);
        store.add(0.05, 100, Weights.of(five), DataType.FLOAT);
        String message =
                assertThrows(SnapshotException.class, () -> SnapshotStore.openOrCreate(folder, six))
                        .getMessage();
        assertEquals(
                folder
                        + " holds snapshots of another network: parameter 0_W has shape [16, 6]"
                        + " instead of [16, 5]; choose another folder",
                message);
        assertThrows(
                SnapshotException.class,
                () -> store.add(0.05, 200, Weights.of(six), DataType.FLOAT));
        assertThrows(SnapshotException.class, () -> SnapshotStore.openOrCreate(folder, graph));
        assertThrows(
                IllegalArgumentException.class,
                () -> store.reconstruct(0.05).get(0.05).applyTo(six));
    }

    @Test
    void damagedOrMissingManifestIsRefused() throws IOException {
        Path manifest = folder.resolve("manifest.json");
        assertEquals(folder + " holds no snapshots: it has no manifest.json", openFailure());
        store().add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        String text = Files.readString(manifest);
        Files.writeString(manifest, text.substring(0, text.length() / 2));
        String cut = openFailure();
        assertTrue(cut.startsWith("cannot read " + manifest + ": it ends before it is"), cut);
        assertFalse(cut.contains("Source"), cut);
        Files.writeString(manifest, text.replace("\"FLOAT\"", "\"PAIR\""));
        assertEquals(
                "cannot read "
                        + manifest
                        + ": it lists a snapshot of type PAIR, not FLOAT or FLOAT16",
                openFailure());
        Files.writeString(manifest, text.replace("\"file\" : \"", "\"file\" : \"../"));
        assertTrue(openFailure().contains("not inside the store's folder"));
        Files.writeString(manifest, text.replace("\"imageCount\"", "\"count\""));
        assertEquals("cannot read " + manifest + ": it lacks imageCount", openFailure());
        Files.writeString(manifest, "{}");
        assertTrue(openFailure().contains("it is not of format"));
    }

    @Test
    void failureHalfwayLeavesNothingAndTheOldFile() throws IOException {
        Path target = folder.resolve("target");
        Files.writeString(target, "old");
        SnapshotException e =
                assertThrows(
                        SnapshotException.class,
                        () ->
                                AtomicFile.write(
                                        folder.resolve(".tmp"),
                                        w -> target,
                                        channel -> {
                                            channel.write(ByteBuffer.wrap(new byte[1000]));
                                            throw new IOException("No space left on device");
                                        }));
        assertEquals(
                "cannot write " + folder + ": No space left on device; nothing was changed there",
                e.getMessage());
        assertEquals("old", Files.readString(target));
        assertEquals(Set.of("target"), files());
    }

    /** The kernel's own error: the temporary file's place is taken by a device without room. */
    @Test
    void fullDiskLeavesTheStoreAsItWas() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "this system has no /dev/full");
        SnapshotStore store = store();
        Snapshot first = store.add(0.05, 100, Weights.of(graph), DataType.FLOAT);
        Files.createSymbolicLink(folder.resolve(".snapshot.tmp"), full);
        String message =
                assertThrows(
                                SnapshotException.class,
                                () -> store.add(0.05, 200, Weights.of(graph), DataType.FLOAT))
                        .getMessage();
        assertEquals(
                "cannot write " + folder + ": No space left on device; nothing was changed there",
                message);
        assertEquals(Set.of("manifest.json", first.file()), files());
        store.add(0.05, 200, Weights.of(graph), DataType.FLOAT);
        assertEquals(2, SnapshotStore.open(folder).snapshots().size());
    }

    private SnapshotStore store() {
        return SnapshotStore.openOrCreate(folder, graph);
    }

    private String reconstructionFailure() {
        return assertThrows(
                        SnapshotException.class, () -> SnapshotStore.open(folder).reconstruct(0.05))
                .getMessage();
    }

    private String openFailure() {
        return assertThrows(SnapshotException.class, () -> SnapshotStore.open(folder)).getMessage();
    }

    private long headerBytes(Snapshot snapshot) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(folder.resolve(snapshot.file())));
            return 8 + bytes.order(ByteOrder.LITTLE_ENDIAN).getLong();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Set<String> files() {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString())
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
