package io.github.edm2.examples.cli;

import io.github.edm2.ema.SafetensorsFile;
import io.github.edm2.ema.Snapshot;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.ema.Weights;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Networks, snapshots and checkpoints of a training in other formats, bit for bit. */
class ConvertCommandTest {

    private static final String PRESET = "edm2-16-tiny";

    @TempDir static Path shared;

    private static Path run;

    @TempDir Path folder;

    @BeforeAll
    static void train() throws IOException {
        run = shared.resolve("run");
        Path data = TestData.images(shared.resolve("data.zip"));
        Cli.succeed(
                "train",
                "--outdir",
                run,
                "--data",
                data,
                "--preset",
                PRESET,
                "--batch",
                4,
                "--duration",
                8,
                "--snapshot",
                8);
    }

    @Test
    void snapshotGetsOfficialNames() {
        SnapshotStore store = SnapshotStore.open(run.resolve(TrainingRun.SNAPSHOTS));
        Snapshot snapshot = store.snapshots().get(0);
        Path tensors = folder.resolve("snapshot.safetensors");
        Path file = run.resolve(TrainingRun.SNAPSHOTS).resolve(snapshot.file());
        Cli.succeed("convert", "--from", file, "--to", tensors);
        try (SafetensorsFile converted = new SafetensorsFile(tensors)) {
            Assertions.assertTrue(converted.tensors().containsKey("unet.out_gain"));
            Assertions.assertTrue(converted.tensors().containsKey("unet.emb_fourier.freqs"));
        }
        Map<String, INDArray> expected = store.read(snapshot).asMap();
        Map<String, INDArray> actual = Weights.of(Edm2.read(tensors).graph()).asMap();
        Assertions.assertEquals(expected, actual);
    }

    @Test
    void snapshotOutsideOfItsRunNeedsTheNetwork() throws IOException {
        SnapshotStore store = SnapshotStore.open(run.resolve(TrainingRun.SNAPSHOTS));
        Path from = run.resolve(TrainingRun.SNAPSHOTS).resolve(store.snapshots().get(0).file());
        Path moved = Files.copy(from, folder.resolve("moved.safetensors"));
        Path to = folder.resolve("to.zip");
        Cli.fail(
                1,
                new String[] {"is a snapshot", "--like"},
                "convert",
                "--from",
                moved,
                "--to",
                to);
        Assertions.assertFalse(Files.exists(to));
        Path like = run.resolve(TrainingRun.NETWORK);
        Cli.succeed("convert", "--from", moved, "--to", to, "--like", like);
        Assertions.assertTrue(Files.exists(to));
    }

    @Test
    void checkpointIsReadByModelSerializer() throws IOException {
        Path network = run.resolve("checkpoints/000000000008/network.zip");
        Path zip = folder.resolve("weights.zip");
        Cli.succeed("convert", "--from", network, "--to", zip);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(zip.toFile(), false);
        Assertions.assertEquals(Edm2.read(network).graph().params(), restored.params());
    }

    @Test
    void tensorsWithoutOptionsNeedThem() {
        NetworkFile network = Edm2.read(run.resolve(TrainingRun.NETWORK));
        Map<String, INDArray> tensors = StateDict.of(network.graph());
        Path from = folder.resolve("python.safetensors");
        SafetensorsFile.write(from, tensors, DataType.FLOAT, Map.of("format", "pt"));
        Path to = folder.resolve("to.zip");
        Cli.fail(
                1, new String[] {from.toString(), "--like"}, "convert", "--from", from, "--to", to);
        Cli.fail(
                1,
                new String[] {from.toString(), "made with other options"},
                "convert",
                "--from",
                from,
                "--to",
                to,
                "--like",
                "edm2-32-small");
        Assertions.assertFalse(Files.exists(to));
        Path like = run.resolve(TrainingRun.NETWORK);
        Cli.succeed("convert", "--from", from, "--to", to, "--like", like);
        Assertions.assertEquals(network.graph().params(), Edm2.read(to).graph().params());
    }
}
