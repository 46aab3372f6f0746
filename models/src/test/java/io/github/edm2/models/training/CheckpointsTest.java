package io.github.edm2.models.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.ema.EmaTracker;
import io.github.edm2.models.training.Checkpoints.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {

    @TempDir Path folder;

    private Path run;
    private Checkpoints checkpoints;
    private ComputationGraph network;
    private EmaTracker tracker;

    @BeforeEach
    void begin() {
        run = folder.resolve("new/run");
        checkpoints = new Checkpoints(run, "at-", 2);
        network =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder().nIn(2).nOut(2).build(),
                                        "in")
                                .setOutputs("out")
                                .build());
        network.init();
        tracker = EmaTracker.of(network, 0.05);
    }

    private void save(long images) throws IOException {
        tracker.update(images);
        checkpoints.save(out -> out.write((int) images), tracker, images, images / 2.0);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(run)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private Checkpoint newest() throws IOException {
        return checkpoints.newest().orElseThrow();
    }

    @Test
    void theNewestIsFoundAndTheOldestDeleted() throws IOException {
        assertEquals(Optional.empty(), checkpoints.newest());
        for (long images : new long[] {8, 9, 10}) {
            save(images);
        }
        assertEquals(List.of("at-000000000009", "at-000000000010"), names());
        assertEquals(new Checkpoint(run.resolve("at-000000000010"), 10, 5), newest());
        assertEquals(10, Files.readAllBytes(newest().network())[0]);
        EmaTracker restored = EmaTracker.of(network, 0.05);
        newest().restore(restored);
        assertEquals(10, restored.imageCount());
    }

    @Test
    void othersInTheFolderAreLeftAlone() throws IOException {
        List<String> others = List.of("000000000099", "at-12", "at-000000000099.old");
        for (String name : others) {
            Files.createDirectories(run.resolve(name));
        }
        for (long images : new long[] {8, 9, 10}) {
            save(images);
        }
        assertTrue(names().containsAll(others));
        assertEquals(10, newest().images());
    }

    @ParameterizedTest
    @ValueSource(strings = {"network.zip", "ema.safetensors", "checkpoint.json"})
    void damageIsNamed(String name) throws IOException {
        save(8);
        save(9);
        Path part = newest().folder().resolve(name);
        Files.writeString(part, "damaged");
        IOException e = assertThrows(IOException.class, () -> checkpoints.newest());
        assertTrue(e.getMessage().startsWith(part + " is missing or damaged"), e.getMessage());
        assertTrue(e.getMessage().contains("delete the folder at-000000000009 "), e.getMessage());
    }

    @Test
    void aMissingPartIsNamed() throws IOException {
        save(8);
        Files.delete(newest().network());
        IOException e = assertThrows(IOException.class, () -> checkpoints.newest());
        assertTrue(e.getMessage().contains("network.zip is missing or damaged"), e.getMessage());
    }

    @Test
    void oneWithoutATableOfContentsIsUsedAsItIs() throws IOException {
        save(8);
        Files.delete(newest().folder().resolve("checkpoint.json"));
        assertEquals(new Checkpoint(run.resolve("at-000000000008"), 8, 0), newest());
    }

    @Test
    void aFailedWriteLeavesTheStateBefore() throws IOException {
        save(8);
        assertThrows(
                IOException.class,
                () ->
                        checkpoints.save(
                                out -> {
                                    throw new IOException("no space left");
                                },
                                tracker,
                                9,
                                1));
        assertEquals(List.of("at-000000000008"), names());
    }

    @Test
    void whatAKilledProgramLeftIsReplaced() throws IOException {
        Path unfinished = Files.createDirectories(run.resolve(".at-unfinished/folder"));
        save(8);
        assertFalse(Files.exists(unfinished.getParent()));
        assertEquals(List.of("at-000000000008"), names());
    }
}
