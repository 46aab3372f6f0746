package io.github.edm2.examples.cli;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;

/** Small datasets, and what is in a folder. */
final class TestData {

    static final int CLASSES = 3;
    static final int SIZE = 8;

    private static final int IMAGES = 12;

    private TestData() {}

    /** A zip archive of random RGB images with labels. */
    static Path images(Path file) throws IOException {
        return zip(file, entries());
    }

    static Map<String, byte[]> entries() throws IOException {
        Random random = new Random(1);
        Map<String, byte[]> entries = new LinkedHashMap<>();
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < IMAGES; i++) {
            String name = "image%02d.png".formatted(i);
            entries.put(name, png(SIZE, random));
            labels.append(i == 0 ? "" : ",").append("[\"%s\", %d]".formatted(name, i % CLASSES));
        }
        entries.put("dataset.json", json("{\"labels\": [" + labels + "]}"));
        return entries;
    }

    static byte[] json(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] png(int size, Random random) throws IOException {
        BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                image.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    static Path zip(Path file, Map<String, byte[]> entries) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return file;
    }

    /** Changes a byte in the middle of a file. */
    static void damage(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 0x55;
        Files.write(file, bytes);
    }

    /** Checksum of every file under a folder, by its path. */
    static Map<String, Integer> contents(Path folder) throws IOException {
        Map<String, Integer> contents = new TreeMap<>();
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    contents.put(
                            folder.relativize(file).toString(),
                            Arrays.hashCode(Files.readAllBytes(file)));
                }
            }
        }
        return contents;
    }
}
