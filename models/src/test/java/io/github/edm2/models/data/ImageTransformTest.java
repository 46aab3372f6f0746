package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Transforms give the pixels that the reference makes with the Python imaging library. */
class ImageTransformTest {

    /** Level of 255 by which a pixel may differ. */
    private static final int TOLERANCE = 1;

    private static final Golden GOLDEN = Golden.read("image-transforms");

    private static RgbImage golden(String name) {
        INDArray pixels = GOLDEN.get(name);
        return new RgbImage(
                (int) pixels.size(0),
                (int) pixels.size(1),
                pixels.permute(2, 0, 1).dup('c').data().asBytes());
    }

    @ParameterizedTest
    @CsvSource({
        "none, 32x32, scale_32x32",
        "center-crop, 32x32, center-crop_32x32",
        "center-crop-wide, 32x24, center-crop-wide_32x24",
        "center-crop-dhariwal, 16x16, center-crop-dhariwal_16x16",
        "center-crop-dhariwal, 32x32, center-crop-dhariwal_32x32"
    })
    void pixelsAreThoseOfTheReference(String transform, String resolution, String expected) {
        RgbImage actual =
                ImageTransform.of(transform)
                        .apply(golden("source"), Resolution.parse(resolution))
                        .orElseThrow();
        RgbImage reference = golden(expected);
        assertEquals(reference.resolution(), actual.resolution());
        int largest = 0;
        for (int i = 0; i < reference.planes().length; i++) {
            int difference =
                    Byte.toUnsignedInt(reference.planes()[i])
                            - Byte.toUnsignedInt(actual.planes()[i]);
            largest = Math.max(largest, Math.abs(difference));
        }
        assertTrue(largest <= TOLERANCE, "largest difference: " + largest);
    }

    @Test
    void imageTooSmallForAWideCropIsSkipped() {
        Resolution wide = new Resolution(64, 32);
        RgbImage narrow = new RgbImage(63, 63, new byte[3 * 63 * 63]);
        assertTrue(ImageTransform.CENTER_CROP_WIDE.apply(narrow, wide).isEmpty());
        RgbImage low = new RgbImage(31, 64, new byte[3 * 31 * 64]);
        assertTrue(ImageTransform.CENTER_CROP_WIDE.apply(low, wide).isEmpty());
        RgbImage enough = new RgbImage(32, 64, new byte[3 * 32 * 64]);
        assertTrue(ImageTransform.CENTER_CROP_WIDE.apply(enough, wide).isPresent());
    }

    @Test
    void imageTooElongatedForDhariwalIsSkipped() {
        RgbImage strip = new RgbImage(1, 8192, new byte[3 * 8192]);
        Resolution square = new Resolution(64, 64);
        assertTrue(ImageTransform.CENTER_CROP_DHARIWAL.apply(strip, square).isEmpty());
    }

    @Test
    void resolutionMustFitTheTransform() {
        refuse(ImageTransform.CENTER_CROP, null, "center-crop needs a resolution");
        refuse(ImageTransform.CENTER_CROP_WIDE, "32x32", "wider than high");
        refuse(ImageTransform.CENTER_CROP_DHARIWAL, "32x16", "square");
        refuse(ImageTransform.NONE, "48x48", "power of two, got 48x48");
        refuse(ImageTransform.CENTER_CROP, "64x32", "squares");
    }

    private static void refuse(ImageTransform transform, String resolution, String part) {
        Resolution size = resolution == null ? null : Resolution.parse(resolution);
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () ->
                                        new ConversionOptions(
                                                transform, size, 1, false, false, false))
                        .getMessage();
        assertTrue(message.contains(part), message);
    }

    /** A 2x3 image 1 2 3 / 4 5 6 as cameras store it, by EXIF orientation. */
    @ParameterizedTest
    @CsvSource({
        "1, 123456", "2, 321654", "3, 654321", "4, 456123",
        "5, 142536", "6, 415263", "7, 635241", "8, 362514"
    })
    void orientationIsThatOfExif(int orientation, String expected) {
        byte[] planes = new byte[18];
        byte[] turned = new byte[18];
        for (int i = 0; i < planes.length; i++) {
            planes[i] = (byte) (i / 6 * 10 + i % 6 + 1);
            turned[i] = (byte) (i / 6 * 10 + expected.charAt(i % 6) - '0');
        }
        RgbImage image = new RgbImage(2, 3, planes).upright(orientation);
        assertEquals(orientation < 5 ? 3 : 2, image.width());
        assertArrayEquals(turned, image.planes());
    }
}
