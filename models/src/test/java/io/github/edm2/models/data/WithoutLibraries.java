package io.github.edm2.models.data;

import io.github.edm2.models.onnx.OnnxException;
import io.github.edm2.models.onnx.OnnxModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files where the optional libraries are missing, and says what happens. */
final class WithoutLibraries {

    private WithoutLibraries() {}

    /**
     * Runs in a process of its own.
     *
     * @param args folder of a PNG file, WebP file, ONNX file
     */
    public static void main(String[] args) throws IOException {
        try (ImageDataset dataset = ImageDataset.open(Path.of(args[0]), false)) {
            System.out.println("read " + dataset.pixels(0).length + " samples");
        }
        byte[] png = Files.readAllBytes(Path.of(args[0], "0.png"));
        System.out.println("decoded " + ImageDecoder.decode(png, "0.png", false).width());
        byte[] webp = Files.readAllBytes(Path.of(args[1]));
        say(() -> ImageDecoder.decode(webp, "0.webp", false));
        say(() -> ImageDecoder.decode(png, "0.png", true));
        say(() -> OnnxModel.open(Path.of(args[2])));
    }

    private static void say(Runnable refused) {
        try {
            refused.run();
            System.out.println("was not refused");
        } catch (DatasetException | OnnxException e) {
            System.out.println(e.getMessage());
        }
    }
}
