package io.github.edm2.models.data;

/**
 * What {@link DatasetConverter} does with images.
 *
 * @param transform how they get their size
 * @param resolution their size; null, without a transform, for that of the originals
 * @param maxImages images to take at most, the first in the order of the source; at least 1
 * @param anySize whether other sizes than squares with a power of two as their side are allowed
 * @param upright whether to turn images as their EXIF orientation says
 * @param skipBad whether to leave out images that cannot be read, instead of failing
 */
public record ConversionOptions(
        ImageTransform transform,
        Resolution resolution,
        int maxImages,
        boolean anySize,
        boolean upright,
        boolean skipBad) {

    /**
     * Checks that the options fit together.
     *
     * @throws IllegalArgumentException if the transform cannot make the resolution, the images
     *     would not be squares with a power of two as their side, or maxImages is too small
     */
    public ConversionOptions {
        transform.check(resolution);
        if (maxImages < 1) {
            throw new IllegalArgumentException("maxImages must be at least 1, got " + maxImages);
        }
        if (resolution != null && !anySize && !isTrainable(transform.result(resolution))) {
            throw new IllegalArgumentException(
                    "the images must become squares whose side is a power of two, got "
                            + resolution
                            + "; choose another resolution or allow any size (any-size)");
        }
    }

    /** Whether the reference implementation trains with images of a size. */
    static boolean isTrainable(Resolution size) {
        return size.isSquare() && Integer.bitCount(size.width()) == 1;
    }
}
