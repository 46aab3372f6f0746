package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

class StudyFolderTest {

    private static final ObjectNode CONFIGURATION = new ObjectMapper().createObjectNode();

    @TempDir Path folder;
    private Path file;

    @BeforeEach
    void threeResults() {
        file = folder.resolve(StudyFolder.RESULTS);
        try (StudyFolder study = new StudyFolder(folder, CONFIGURATION)) {
            study.add(TrialResult.complete(0, trial(0), 0.001, Map.of("error", 0.5)));
            study.add(failed(1));
            study.add(failed(2));
        }
    }

    /** Characters of several bytes in its message. */
    private static TrialResult failed(int index) {
        return TrialResult.without(
                index, trial(index), TrialResult.Status.FAILED, "σ größer als 0.289");
    }

    private static Trial trial(int index) {
        return new Trial(
                new Hyperparameters(Map.of("lr", 0.1 * (index + 1))), new PostHoc(0.1, 64, 1, 32));
    }

    @Test
    void whatIsRecordedIsReadAgain() {
        try (StudyFolder study = new StudyFolder(folder, CONFIGURATION)) {
            assertEquals(3, study.recorded().size());
            assertEquals(failed(1), study.recorded(1).orElseThrow());
            assertEquals(0.5, study.recorded(0).orElseThrow().scores().get("error"));
            assertEquals(trial(0), study.recorded(0).orElseThrow().trial());
        }
    }

    @Test
    void aLastLineCutAtAnyByteIsRepaired() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        int last = whole.length - 1;
        while (whole[last - 1] != '\n') {
            last--;
        }
        for (int cut = last; cut < whole.length; cut++) {
            Files.write(file, Arrays.copyOf(whole, cut));
            assertEquals(2, StudyFolder.results(folder).size());
            try (StudyFolder study = new StudyFolder(folder, CONFIGURATION)) {
                assertEquals(2, study.recorded().size());
                study.add(failed(2));
            }
            assertArrayEquals(whole, Files.readAllBytes(file));
        }
    }

    @Test
    void aDamagedLineIsNamed() throws IOException {
        List<String> lines = Files.readAllLines(file);
        Files.writeString(file, lines.get(0) + "\n{\"index\":1,\"st\n" + lines.get(2) + "\n");
        // Twice, because the first must leave the folder free.
        for (int time = 0; time < 2; time++) {
            SearchException damaged =
                    assertThrows(
                            SearchException.class, () -> new StudyFolder(folder, CONFIGURATION));
            assertEquals(
                    "Line 2 of %s is damaged; delete it to have its candidate scored again"
                            .formatted(file),
                    damaged.getMessage());
        }
        Files.writeString(file, lines.get(0) + "\n" + lines.get(2) + "\n");
        try (StudyFolder study = new StudyFolder(folder, CONFIGURATION)) {
            assertEquals(List.of(0, 2), study.recorded().stream().map(r -> r.index()).toList());
        }
    }

    @Test
    void aDamagedConfigurationIsNamed() throws IOException {
        Path configuration = folder.resolve(StudyFolder.CONFIGURATION);
        Files.writeString(configuration, "{\"format\":");
        for (int time = 0; time < 2; time++) {
            SearchException damaged =
                    assertThrows(
                            SearchException.class, () -> new StudyFolder(folder, CONFIGURATION));
            assertEquals(
                    "%s is damaged; restore it or begin a study in another folder"
                            .formatted(configuration),
                    damaged.getMessage());
        }
    }

    @Test
    void aFolderIsOpenOnce() {
        try (StudyFolder study = new StudyFolder(folder, CONFIGURATION)) {
            assertEquals(3, study.recorded().size());
            SearchException inUse =
                    assertThrows(
                            SearchException.class, () -> new StudyFolder(folder, CONFIGURATION));
            assertEquals(
                    "The study %s is being worked on already; wait for it or choose another folder"
                            .formatted(folder),
                    inUse.getMessage());
        }
    }

    @Test
    void aFolderWithoutAStudyIsNamed() {
        Path empty = folder.resolve("empty");
        SearchException missing =
                assertThrows(SearchException.class, () -> StudyFolder.results(empty));
        assertEquals(
                "There is no study in %s; begin one or name its folder".formatted(empty),
                missing.getMessage());
    }
}
