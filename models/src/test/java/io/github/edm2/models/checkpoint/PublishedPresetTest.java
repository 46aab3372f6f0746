package io.github.edm2.models.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The table of published networks. */
class PublishedPresetTest {

    @Test
    void readsAPresetWithoutGuidance() {
        assertEquals(
                new PublishedPreset(
                        "edm2-img512-xs-fid",
                        "edm2-img512-xs-2147483-0.135.pkl",
                        null,
                        1,
                        "fid",
                        3.53),
                PublishedPreset.of("edm2-img512-xs-fid"));
    }

    @Test
    void readsAPresetWithAGuidingNetwork() {
        assertEquals(
                new PublishedPreset(
                        "edm2-img64-s-autog-dino",
                        "edm2-img64-s-1073741-0.105.pkl",
                        "edm2-img64-xs-0134217-0.175.pkl",
                        2.2,
                        "fd_dinov2",
                        31.85),
                PublishedPreset.of("edm2-img64-s-autog-dino"));
    }

    @Test
    void listsEveryPresetOnce() {
        assertEquals(36, PublishedPreset.all().size());
        assertEquals(
                36,
                PublishedPreset.all().stream()
                        .map(PublishedPreset::name)
                        .collect(Collectors.toSet())
                        .size());
    }

    @Test
    void everyPresetIsComplete() {
        ModelFiles files = new ModelFiles(null, Path.of("cache"), URI.create("https://localhost/"));
        for (PublishedPreset preset : PublishedPreset.all()) {
            assertTrue(files.url(preset.net()).getPath().endsWith(".pkl"), preset.name());
            assertTrue(preset.published() > 1, preset.name());
            assertTrue(preset.metric().matches("fid|fd_dinov2"), preset.name());
            if (preset.guide() == null) {
                assertEquals(1, preset.guidance(), preset.name());
            } else {
                assertTrue(files.url(preset.guide()).getPath().endsWith(".pkl"), preset.name());
                assertTrue(preset.guidance() > 1, preset.name());
            }
        }
    }

    @Test
    void anUnknownNameIsAnsweredWithTheValidOnes() {
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> PublishedPreset.of("edm2-img512-xs"))
                        .getMessage();
        assertTrue(message.startsWith("name must be one of edm2-img512-xs-fid, "), message);
        assertTrue(message.endsWith("edm2-img64-s-autog-dino, got edm2-img512-xs"), message);
        assertFalse(message.contains("\n"), message);
    }
}
