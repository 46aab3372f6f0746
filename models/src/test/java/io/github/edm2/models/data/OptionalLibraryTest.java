package io.github.edm2.models.data;

import io.github.edm2.models.OptionalLibrary;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PNG files are read without the optional libraries, and messages name the missing ones. */
class OptionalLibraryTest {

    @TempDir Path folder;

    @Test
    void allArePresentHere() {
        for (OptionalLibrary library : OptionalLibrary.values()) {
            Assertions.assertTrue(library.isPresent(), library.toString());
        }
    }

    @Test
    void missingOnesAreNamedAndPngIsRead() throws IOException, InterruptedException {
        Path png = folder.resolve("png");
        Files.createDirectories(png);
        ImageIO.write(
                new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB),
                "png",
                png.resolve("0.png").toFile());
        Path webp =
                Files.write(
                        folder.resolve("0.webp"),
                        "RIFF0000WEBPVP8 ".getBytes(StandardCharsets.ISO_8859_1));
        Path onnx = Files.write(folder.resolve("network.onnx"), new byte[1]);
        String classPath =
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(e -> !e.matches(".*(onnxruntime|imageio|metadata-extractor).*"))
                        .collect(Collectors.joining(File.pathSeparator));
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                classPath,
                                WithoutLibraries.class.getName(),
                                png.toString(),
                                webp.toString(),
                                onnx.toString())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Assertions.assertEquals(0, process.waitFor(), said);
        Assertions.assertTrue(said.contains("read 768 samples"), said);
        Assertions.assertFalse(said.contains("was not refused"), said);
        Assertions.assertTrue(said.contains("add com.twelvemonkeys.imageio:imageio-webp"), said);
        Assertions.assertTrue(said.contains("add com.microsoft.onnxruntime:onnxruntime"), said);
        Assertions.assertTrue(said.contains("add com.drewnoakes:metadata-extractor"), said);
    }
}
