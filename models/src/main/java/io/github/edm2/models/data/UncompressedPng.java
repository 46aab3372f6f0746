package io.github.edm2.models.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** PNG files that are quick to read: RGB, 8 bits, deflate level 0. */
final class UncompressedPng {

    /** What the JDK's writer takes for level 0. */
    private static final float LEVEL_0 = 1;

    private UncompressedPng() {}

    /** All bytes of the file. */
    static byte[] encode(RgbImage image) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream out = new MemoryCacheImageOutputStream(file)) {
            writer.setOutput(out);
            ImageWriteParam options = writer.getDefaultWriteParam();
            options.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            options.setCompressionQuality(LEVEL_0);
            writer.write(null, new IIOImage(buffered(image), null, null), options);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot encode an image in memory", e);
        } finally {
            writer.dispose();
        }
        return file.toByteArray();
    }

    private static BufferedImage buffered(RgbImage image) {
        BufferedImage buffered =
                new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_3BYTE_BGR);
        buffered.getRaster()
                .setDataElements(0, 0, image.width(), image.height(), image.interleaved());
        return buffered;
    }
}
