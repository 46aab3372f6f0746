package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images with sides of more than 8192 pixels. */
class LargeImagesTest {

    @TempDir Path folder;

    private static byte[] file(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out));
        return out.toByteArray();
    }

    /** Grey that becomes lighter to the right, from 0 to 249. */
    private static BufferedImage panorama() {
        BufferedImage image = new BufferedImage(9000, 100, BufferedImage.TYPE_3BYTE_BGR);
        for (int x = 0; x < 9000; x++) {
            int[] column = new int[3 * 100];
            Arrays.fill(column, x / 36);
            image.getRaster().setPixels(x, 0, 1, 100, column);
        }
        return image;
    }

    private DatasetConverter.Summary convert(ImageTransform transform, Resolution resolution)
            throws IOException {
        ConversionOptions options =
                new ConversionOptions(transform, resolution, 9, true, false, false);
        return DatasetConverter.convert(
                folder.resolve("source"),
                folder.resolve("data.zip"),
                options,
                new ResumedConversionTest.Told());
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg"})
    void areReadWholeWhereAResolutionMakesThemSmaller(String format) throws IOException {
        TestFiles.write(folder.resolve("source/long." + format), file(panorama(), format));
        convert(ImageTransform.CENTER_CROP, new Resolution(64, 64));
        try (ImageDataset dataset = ImageDataset.open(folder.resolve("data.zip"))) {
            assertEquals(125, Byte.toUnsignedInt(dataset.pixels(0)[32 * 64 + 32]), 2);
        }
        convert(ImageTransform.NONE, new Resolution(90, 1));
        try (ImageDataset dataset = ImageDataset.open(folder.resolve("data.zip"))) {
            byte[] pixels = dataset.pixels(0);
            for (int x = 1; x < 89; x++) {
                assertEquals((100 * x + 49) / 36.0, Byte.toUnsignedInt(pixels[x]), 2.5);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg"})
    void areRefusedWhereTheyWouldStayAsLarge(String format) throws IOException {
        TestFiles.write(folder.resolve("source/long." + format), file(panorama(), format));
        DatasetException e =
                assertThrows(DatasetException.class, () -> convert(ImageTransform.NONE, null));
        assertTrue(e.getMessage().contains("100x9000"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp"})
    void areDecodedInPartWhereAllWouldBeTooMuch(String format) throws IOException {
        BufferedImage image = new BufferedImage(20_000, 4_000, BufferedImage.TYPE_BYTE_BINARY);
        int[] white = new int[10_000];
        Arrays.fill(white, 1);
        for (int y = 0; y < 4_000; y++) {
            image.getRaster().setPixels(10_000, y, 10_000, 1, white);
        }
        RgbImage part = ImageDecoder.decode(file(image, format), "x", false, true);
        assertEquals(new ImageShape(3, 2_000, 10_000), part.shape());
        assertEquals(0, part.planes()[4_999]);
        assertEquals((byte) 255, part.planes()[5_000]);
    }

    @Test
    void sidesAreLimitedAndDamageIsFound() throws IOException {
        byte[] png = file(panorama(), "png");
        byte[] endless = TestFiles.withHeaderSize(png, 70_000, 100);
        assertRefused(endless, "100x70000", "1 to 65535");
        assertRefused(TestFiles.withHeaderSize(png, 0, 100), "x ");
        assertRefused(Arrays.copyOf(png, png.length - 20), "truncated");
        png[png.length / 2] ^= 1;
        assertRefused(png, "checksum");
    }

    private static void assertRefused(byte[] file, String... parts) {
        DatasetException e =
                assertThrows(
                        DatasetException.class, () -> ImageDecoder.decode(file, "x", false, true));
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
        }
    }
}
