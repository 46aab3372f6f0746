package io.github.edm2.models.data;

import io.github.edm2.models.OptionalLibrary;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads image files of other programs: PNG, JPEG, BMP, GIF (its first image) and WebP, told apart
 * by their content, not by their names. Grey and palettes become RGB, alpha is dropped and not
 * blended, samples of other than 8 bits are scaled to [0, 255] and rounded. Colour profiles are not
 * applied.
 */
final class ImageDecoder {

    /** Ends of the names of the files that are read. */
    static final List<String> EXTENSIONS =
            List.of(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp");

    private static final String ACCEPTED = "PNG, JPEG, BMP, GIF or WebP";

    /** Of the warning of libjpeg, which fills up what a file lacks. */
    private static final String TRUNCATED = "premature end";

    private ImageDecoder() {}

    /**
     * Decodes a file.
     *
     * @param file all its bytes
     * @param location how messages call it
     * @param upright whether to turn the image as its EXIF orientation says
     * @throws DatasetException if it is none of these formats, damaged or too large
     */
    static RgbImage decode(byte[] file, String location, boolean upright) {
        RgbImage image;
        if (Png.hasSignature(file)) {
            Png png = Png.header(file, location);
            image = RgbImage.of(png.shape(), png.decode(file, location));
        } else {
            image = decodeByImageIo(file, location);
        }
        return upright ? image.upright(ExifOrientation.of(file, location)) : image;
    }

    private static RgbImage decodeByImageIo(byte[] file, String location) {
        try (ImageInputStream in =
                new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                throw new DatasetException(
                        location
                                + " is no image in a format that is read ("
                                + ACCEPTED
                                + "); "
                                + missingLibrary(file)
                                + "convert it to PNG or remove it");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in, true, true);
                return decode(reader, CmykJpeg.of(file), location);
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            if (e instanceof DatasetException refused) {
                throw refused;
            }
            throw new DatasetException(
                    location
                            + " cannot be decoded ("
                            + e.getMessage()
                            + "); "
                            + missingLibrary(file)
                            + "copy it again, convert it to PNG or remove it",
                    e);
        }
    }

    private static RgbImage decode(ImageReader reader, Optional<CmykJpeg> cmyk, String location)
            throws IOException {
        ImageShape shape =
                new ImageShape(RgbImage.CHANNELS, reader.getHeight(0), reader.getWidth(0));
        shape.requirePlausible(location);
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        RgbImage image =
                cmyk.isPresent() ? cmyk.get().rgb(reader.readRaster(0, null)) : rgb(reader.read(0));
        for (String warning : warnings) {
            if (warning.contains(TRUNCATED)) {
                throw new DatasetException(
                        location + " is truncated (" + warning + "); copy or download it again");
            }
        }
        return image;
    }

    /** Takes the stored samples: BufferedImage.getRGB would change them by their colour profile. */
    private static RgbImage rgb(BufferedImage image) {
        int height = image.getHeight();
        int width = image.getWidth();
        int plane = height * width;
        byte[] planes = new byte[RgbImage.CHANNELS * plane];
        ColorModel model = image.getColorModel();
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int[] row = new int[width * bands];
        for (int y = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    planes[c * plane + y * width + x] =
                            model instanceof IndexColorModel palette
                                    ? (byte) (palette.getRGB(row[x]) >> 8 * (2 - c))
                                    : sample(model, bands, row, x, c);
                }
            }
        }
        return new RgbImage(height, width, planes);
    }

    private static byte sample(ColorModel model, int bands, int[] row, int x, int channel) {
        int band = model.getNumColorComponents() == 1 ? 0 : channel;
        int max = (1 << model.getComponentSize(band)) - 1;
        return (byte) ((row[x * bands + band] * 255L + max / 2) / max);
    }

    /** What to add where a library is missing that reads such a file; empty where none is. */
    private static String missingLibrary(byte[] file) {
        String start = new String(file, 0, Math.min(file.length, 12), StandardCharsets.ISO_8859_1);
        OptionalLibrary library = null;
        if (start.startsWith("RIFF") && start.endsWith("WEBP")) {
            library = OptionalLibrary.TWELVEMONKEYS_WEBP;
        } else if (start.startsWith("\u00ff\u00d8")) {
            library = OptionalLibrary.TWELVEMONKEYS_JPEG;
        }
        return library == null || library.isPresent() ? "" : library.remedy() + ", or ";
    }
}
