package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Image files of all formats and colours become 8-bit RGB, and damaged ones are refused. */
class ImageDecoderTest {

    /** Levels of 255 that compression or a colour profile may change. */
    private static final int LOSS = 3;

    private static final int SIDE = 16;

    private static RgbImage decode(byte[] file) {
        return ImageDecoder.decode(file, "x", false);
    }

    /** Every pixel of a file has this colour, within a tolerance. */
    private static void assertColour(byte[] file, int tolerance, int... rgb) {
        RgbImage image = decode(file);
        int plane = image.height() * image.width();
        for (int i = 0; i < image.planes().length; i++) {
            assertEquals(rgb[i / plane], Byte.toUnsignedInt(image.planes()[i]), tolerance);
        }
    }

    private static byte[] write(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out));
        return out.toByteArray();
    }

    private static BufferedImage filled(int type, int rgb) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, type);
        for (int i = 0; i < SIDE * SIDE; i++) {
            image.setRGB(i % SIDE, i / SIDE, rgb);
        }
        return image;
    }

    @Test
    void greyBecomesRgb() throws IOException {
        assertColour(TestFiles.grey(2, 3, 77), 0, 77, 77, 77);
        byte[] sixteenBits = TestFiles.png(BufferedImage.TYPE_USHORT_GRAY, 2, 3, 0x8180);
        assertColour(sixteenBits, 0, 129, 129, 129);
        BufferedImage jpeg = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
        assertColour(write(jpeg, "jpg"), LOSS, 0, 0, 0);
    }

    @Test
    void alphaIsDroppedAndNotBlended() throws IOException {
        byte[] invisible = TestFiles.png(BufferedImage.TYPE_4BYTE_ABGR, 2, 3, 10, 20, 30, 0);
        assertColour(invisible, 0, 10, 20, 30);
    }

    @Test
    void paletteBecomesItsColours() throws IOException {
        byte[] red = new byte[256];
        byte[] green = new byte[256];
        byte[] blue = new byte[256];
        red[1] = (byte) 200;
        green[1] = 100;
        blue[1] = 50;
        IndexColorModel palette = new IndexColorModel(8, 256, red, green, blue);
        BufferedImage image =
                new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_INDEXED, palette);
        WritableRaster raster = image.getRaster();
        for (int i = 0; i < SIDE * SIDE; i++) {
            raster.setSample(i % SIDE, i / SIDE, 0, 1);
        }
        for (String format : new String[] {"png", "gif", "bmp"}) {
            assertColour(write(image, format), 0, 200, 100, 50);
        }
    }

    @Test
    void jpegAndBmpAreTheirColours() throws IOException {
        BufferedImage image = filled(BufferedImage.TYPE_3BYTE_BGR, 0xc86432);
        assertColour(write(image, "jpg"), LOSS, 200, 100, 50);
        assertColour(write(image, "bmp"), 0, 200, 100, 50);
    }

    @Test
    void webpIsRead() {
        byte[] webp =
                Base64.getDecoder().decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==");
        assertEquals(new Resolution(1, 1), decode(webp).resolution());
    }

    /**
     * Samples, the transform that Adobe's marker tells, if there is one, and the colours that the
     * Python imaging library (9.4) gives for the same files.
     */
    @ParameterizedTest
    @CsvSource({
        "255, 0, 0, 255, '', 255, 0, 0",
        "255, 0, 0, 255, '0', 255, 0, 0",
        "255, 0, 0, 255, '1', 179, 0, 227",
        "255, 0, 0, 255, '2', 179, 0, 227",
        "10, 200, 30, 100, '', 4, 78, 12",
        "10, 200, 30, 100, '0', 4, 78, 12",
        "10, 200, 30, 100, '1', 100, 78, 46",
        "10, 200, 30, 100, '2', 100, 78, 46",
        "200, 90, 170, 220, '', 173, 78, 147",
        "200, 90, 170, 220, '0', 173, 78, 147",
        "200, 90, 170, 220, '1', 0, 62, 105",
        "200, 90, 170, 220, '2', 0, 62, 105",
    })
    void cmykJpegBecomesTheRgbOfThePythonImagingLibrary(
            int c, int m, int y, int k, String transform, int red, int green, int blue)
            throws IOException {
        byte[] file = cmyk(c, m, y, k);
        if (!transform.isEmpty()) {
            String adobe = "ffee000e41646f62650064000000000" + transform;
            file = inserted(file, HexFormat.of().parseHex(adobe));
        }
        assertColour(file, 1, red, green, blue);
    }

    @Test
    void truncatedCmykJpegIsRefused() throws IOException {
        byte[] file = cmyk(new Random(1).ints(4 * SIDE * SIDE, 0, 256).toArray());
        assertRefused(Arrays.copyOf(file, file.length * 2 / 3), "x is truncated");
    }

    /** An image of these samples, over and over again. */
    private static byte[] cmyk(int... samples) throws IOException {
        WritableRaster raster = Raster.createInterleavedRaster(0, SIDE, SIDE, 4, null);
        int[] all = new int[4 * SIDE * SIDE];
        Arrays.setAll(all, i -> samples[i % samples.length]);
        raster.setPixels(0, 0, SIDE, SIDE, all);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            writer.setOutput(stream);
            writer.write(null, new IIOImage(raster, null, null), null);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    /** Puts a segment behind the start of a JPEG file. */
    private static byte[] inserted(byte[] jpeg, byte[] segment) {
        return ByteBuffer.allocate(jpeg.length + segment.length)
                .put(jpeg, 0, 2)
                .put(segment)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }

    /** Left half black, right half white; orientation 6 has the file's left side on top. */
    @Test
    void exifOrientationIsAppliedWhereAskedFor() throws IOException {
        BufferedImage image = new BufferedImage(32, 16, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 16 * 16; i++) {
            image.setRGB(16 + i % 16, i / 16, 0xffffff);
        }
        byte[] exif =
                HexFormat.of()
                        .parseHex(
                                "ffe100224578696600004d4d002a00000008"
                                        + "0001011200030000000100060000"
                                        + "00000000");
        byte[] file = inserted(write(image, "jpg"), exif);
        assertEquals(new Resolution(32, 16), decode(file).resolution());
        RgbImage upright = ImageDecoder.decode(file, "x", true);
        assertEquals(new Resolution(16, 32), upright.resolution());
        assertEquals(0, Byte.toUnsignedInt(upright.planes()[0]), LOSS);
        assertEquals(255, Byte.toUnsignedInt(upright.planes()[16 * 32 - 1]), LOSS);
    }

    @Test
    void fileWithoutOrientationIsUpright() throws IOException {
        byte[] png = TestFiles.grey(2, 3, 5);
        assertArrayEquals(decode(png).planes(), ImageDecoder.decode(png, "x", true).planes());
    }

    private static void assertRefused(byte[] file, String... parts) {
        String message = assertThrows(DatasetException.class, () -> decode(file)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), part + " in: " + message);
        }
    }

    @Test
    void whatIsNoImageIsRefused() {
        assertRefused("a text".getBytes(StandardCharsets.UTF_8), "no image", "PNG, JPEG");
        assertRefused(new byte[0], "no image");
    }

    @Test
    void hugeImageIsRefusedByItsHeader() throws IOException {
        byte[] png = TestFiles.withHeaderSize(TestFiles.grey(2, 3, 5), 40_000, 40_000);
        assertRefused(png, "40000x40000", "8192");
        byte[] jpeg = write(filled(BufferedImage.TYPE_3BYTE_BGR, 0), "jpg");
        int frame = HexFormat.of().formatHex(jpeg).indexOf("ffc00011") / 2;
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 40_000);
        assertRefused(jpeg, "40000x16", "8192");
    }

    @Test
    void damagedPngIsRefused() throws IOException {
        byte[] png = TestFiles.grey(20, 20, 5);
        png[50] ^= 1;
        assertRefused(png, "checksum");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpg", "gif", "bmp"})
    void truncatedImageIsRefused(String format) throws IOException {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 64 * 64; i++) {
            image.setRGB(i % 64, i / 64, i * i * 31);
        }
        byte[] file = write(image, format);
        assertRefused(Arrays.copyOf(file, file.length * 2 / 3), "x ");
    }
}
