package io.github.edm2.models.data;

import io.github.edm2.models.OptionalLibrary;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads image files of other programs: PNG, JPEG, BMP, GIF and TIFF (their first image) and WebP,
 * told apart by their content, not by their names. Grey and palettes become RGB, alpha is dropped
 * and not blended, samples of other than 8 bits are scaled to [0, 255] and rounded. Colour profiles
 * are not applied.
 */
final class ImageDecoder {

    /** Ends of the names of the files that are read. */
    static final List<String> EXTENSIONS =
            List.of(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff");

    private static final String ACCEPTED = "PNG, JPEG, BMP, GIF, WebP or TIFF";

    /** Of the warning of libjpeg, which fills up what a file lacks. */
    private static final String TRUNCATED = "premature end";

    private static final int MAX_BITS = 16;

    /** Most pixels that an image has in memory. */
    private static final long MAX_PIXELS = (long) ImageShape.MAX_SIDE * ImageShape.MAX_SIDE;

    /** Longest side of an image that may be of any size; no JPEG or GIF has a longer one. */
    private static final int LONGEST_SIDE = 65_535;

    /** Bytes that tell the formats apart. */
    private static final int SIGNATURE_BYTES = 12;

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
        return decode(file, location, upright, false);
    }

    /**
     * Decodes a file, which may have sides of up to 65,535 pixels if it will be made smaller. One
     * of more than 8192 x 8192 pixels is decoded in part: every second, third, ... pixel of every
     * second, third, ... row, so many that 8192 x 8192 are not exceeded. So the result takes at
     * most 201 MB, and decoding some rows more (WebP: all of the image).
     *
     * @param shrinks whether the image will be made smaller
     */
    static RgbImage decode(byte[] file, String location, boolean upright, boolean shrinks) {
        RgbImage image;
        if (Png.hasSignature(file) && !(shrinks && isLargePng(file, location))) {
            Png png = Png.header(file, location);
            image = RgbImage.of(png.shape(), png.decode(file, location));
        } else {
            image =
                    read(
                            new ByteArrayInputStream(file),
                            location,
                            reader -> decode(reader, CmykJpeg.of(file), location, shrinks));
        }
        return upright ? image.upright(ExifOrientation.of(file, location)) : image;
    }

    /** Whether a PNG file, whose checksums are compared, is one for {@link #read} only. */
    private static boolean isLargePng(byte[] file, String location) {
        if (Png.headerOfAnySize(file, location).shape().isPlausible()) {
            return false;
        }
        Png.checkChunks(file, location);
        return true;
    }

    /**
     * The shape of an image by its header.
     *
     * @param file read as far as needed
     * @param location how messages call it
     * @throws DatasetException as {@link #decode}
     */
    static ImageShape shape(InputStream file, String location) {
        return read(file, location, reader -> shape(reader, location));
    }

    private static ImageShape shape(ImageReader reader, String location) throws IOException {
        ImageShape shape =
                new ImageShape(RgbImage.CHANNELS, reader.getHeight(0), reader.getWidth(0));
        shape.requirePlausible(location);
        return shape;
    }

    private interface Reading<T> {
        T of(ImageReader reader) throws IOException;
    }

    private static <T> T read(InputStream file, String location, Reading<T> reading) {
        byte[] start = new byte[SIGNATURE_BYTES];
        try (ImageInputStream in = new MemoryCacheImageInputStream(file)) {
            in.read(start);
            in.seek(0);
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                throw new DatasetException(
                        location
                                + " is no image in a format that is read ("
                                + ACCEPTED
                                + "); "
                                + missingLibrary(start)
                                + "convert it to PNG or remove it");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in, true, true);
                return reading.of(reader);
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
                            + missingLibrary(start)
                            + "copy it again, convert it to PNG or remove it",
                    e);
        }
    }

    /** Which pixels to decode; null for all. */
    private static ImageReadParam part(ImageReader reader, String location) throws IOException {
        long height = reader.getHeight(0);
        long width = reader.getWidth(0);
        if (Math.min(height, width) < 1 || Math.max(height, width) > LONGEST_SIDE) {
            throw new DatasetException(
                    "%s claims to be %dx%d (height x width), but each side must be 1 to %d pixels; resize the image or remove it"
                            .formatted(location, height, width, LONGEST_SIDE));
        }
        int period = 1;
        while (kept(height, period) * kept(width, period) > MAX_PIXELS) {
            period++;
        }
        if (period == 1) {
            return null;
        }
        ImageReadParam part = reader.getDefaultReadParam();
        part.setSourceSubsampling(period, period, (period - 1) / 2, (period - 1) / 2);
        return part;
    }

    private static long kept(long side, int period) {
        return (side + period - 1) / period;
    }

    private static RgbImage decode(
            ImageReader reader, Optional<CmykJpeg> cmyk, String location, boolean shrinks)
            throws IOException {
        if (!shrinks) {
            shape(reader, location);
        }
        ImageReadParam part = shrinks ? part(reader, location) : null;
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        RgbImage image =
                cmyk.isPresent()
                        ? cmyk.get().rgb(reader.readRaster(0, part))
                        : rgb(reader.read(0, part));
        for (String warning : warnings) {
            if (warning.contains(TRUNCATED)) {
                throw new DatasetException(
                        location + " is truncated (" + warning + "); copy or download it again");
            }
        }
        return image;
    }

    /** Takes the stored samples: BufferedImage.getRGB would change them by their colour profile. */
    private static RgbImage rgb(BufferedImage image) throws IIOException {
        requireReadable(image.getColorModel());
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

    /** Wider samples have no range that one could scale to 8 bits; other colours are no RGB. */
    private static void requireReadable(ColorModel model) throws IIOException {
        int colours = model.getColorSpace().getType();
        if (model.getComponentSize(0) > MAX_BITS
                || colours != ColorSpace.TYPE_RGB && colours != ColorSpace.TYPE_GRAY) {
            throw new IIOException(
                    "it must be grey or RGB of at most " + MAX_BITS + " bits, got " + model);
        }
    }

    private static byte sample(ColorModel model, int bands, int[] row, int x, int channel) {
        int band = model.getNumColorComponents() == 1 ? 0 : channel;
        int max = (1 << model.getComponentSize(band)) - 1;
        return (byte) ((row[x * bands + band] * 255L + max / 2) / max);
    }

    /** What to add where a library is missing that reads such a file; empty where none is. */
    private static String missingLibrary(byte[] signature) {
        String start = new String(signature, StandardCharsets.ISO_8859_1);
        OptionalLibrary library = null;
        if (start.startsWith("RIFF") && start.endsWith("WEBP")) {
            library = OptionalLibrary.TWELVEMONKEYS_WEBP;
        } else if (start.startsWith("\u00ff\u00d8")) {
            library = OptionalLibrary.TWELVEMONKEYS_JPEG;
        } else if (start.startsWith("II*\0") || start.startsWith("MM\0*")) {
            library = OptionalLibrary.TWELVEMONKEYS_TIFF;
        }
        return library == null || library.isPresent() ? "" : library.remedy() + ", or ";
    }
}
