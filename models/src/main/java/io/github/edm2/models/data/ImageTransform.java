package io.github.edm2.models.data;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How images of any size become images of one size W x H (width first), as the dataset tool of the
 * EDM2 reference implementation does it. w and h are the sides of the original; the filters are
 * those of the Python imaging library, 8 bits after each axis; divisions by 2 drop the fraction.
 */
public enum ImageTransform {
    /** The image as it is or, with a resolution, resized to it (Lanczos), its aspect ignored. */
    NONE("none") {
        @Override
        Optional<RgbImage> apply(RgbImage image, Resolution resolution) {
            return Optional.of(
                    resolution == null ? image : Filter.LANCZOS.resize(image, resolution));
        }

        @Override
        void check(Resolution resolution) {
            // Every resolution is right, and so is none.
        }
    },

    /** The largest square in the middle, s = min(w, h) from ((w - s) / 2, (h - s) / 2); Lanczos. */
    CENTER_CROP("center-crop") {
        @Override
        Optional<RgbImage> apply(RgbImage image, Resolution resolution) {
            int side = Math.min(image.height(), image.width());
            return Optional.of(Filter.LANCZOS.resize(image.centre(side, side), resolution));
        }
    },

    /**
     * All columns and the rows (h - c) / 2 to (h + c) / 2 of the original (the last one excluded),
     * where c = W h / w rounded half to even; Lanczos to W x H, then in the middle of a black W x W
     * square. Images with w &lt; W or c &lt; H are skipped. W must be larger than H.
     */
    CENTER_CROP_WIDE("center-crop-wide") {
        @Override
        Optional<RgbImage> apply(RgbImage image, Resolution resolution) {
            int rows =
                    (int) Math.rint((double) resolution.width() * image.height() / image.width());
            if (image.width() < resolution.width() || rows < resolution.height()) {
                return Optional.empty();
            }
            RgbImage crop = image.centre(rows, image.width());
            return Optional.of(Filter.LANCZOS.resize(crop, resolution).letterbox());
        }

        @Override
        void check(Resolution resolution) {
            super.check(resolution);
            if (resolution.width() <= resolution.height()) {
                throw new IllegalArgumentException(
                        "transform center-crop-wide needs a resolution wider than high, such as 64x48, got "
                                + resolution);
            }
        }

        @Override
        Resolution result(Resolution resolution) {
            return new Resolution(resolution.width(), resolution.width());
        }
    },

    /**
     * As Dhariwal and Nichol (arXiv:2105.05233) made their ImageNet: while the shorter side is at
     * least 2W, both sides halved without their fraction (box filter); bicubic, so that the shorter
     * side is W, the other one rounded half to even; then the W x W square in the middle. An image
     * so elongated that the other side would be longer than any that is read is skipped. W and H
     * must be equal.
     */
    CENTER_CROP_DHARIWAL("center-crop-dhariwal") {
        @Override
        Optional<RgbImage> apply(RgbImage image, Resolution resolution) {
            int side = resolution.width();
            RgbImage scaled = image;
            while (Math.min(scaled.height(), scaled.width()) >= 2 * side) {
                scaled = scaled.halved();
            }
            double scale = (double) side / Math.min(scaled.height(), scaled.width());
            int width = (int) Math.rint(scaled.width() * scale);
            int height = (int) Math.rint(scaled.height() * scale);
            if (Math.max(width, height) > ImageShape.MAX_SIDE) {
                return Optional.empty();
            }
            Resolution covering = new Resolution(width, height);
            return Optional.of(Filter.BICUBIC.resize(scaled, covering).centre(side, side));
        }

        @Override
        void check(Resolution resolution) {
            super.check(resolution);
            if (!resolution.isSquare()) {
                throw new IllegalArgumentException(
                        "transform center-crop-dhariwal needs a square resolution, such as 64x64, got "
                                + resolution);
            }
        }
    };

    private final String label;

    ImageTransform(String label) {
        this.label = label;
    }

    /**
     * The transform of a name, such as {@code center-crop}.
     *
     * @throws IllegalArgumentException if there is none of the name
     */
    public static ImageTransform of(String name) {
        return Arrays.stream(values())
                .filter(transform -> transform.label.equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "There is no transform "
                                                + name
                                                + "; they are "
                                                + Arrays.stream(values())
                                                        .map(ImageTransform::toString)
                                                        .collect(Collectors.joining(", "))));
    }

    /** The name in command lines. */
    @Override
    public String toString() {
        return label;
    }

    /**
     * Checks that the resolution is one that the transform can make.
     *
     * @param resolution null for none
     * @throws IllegalArgumentException if it is not
     */
    void check(Resolution resolution) {
        if (resolution == null) {
            throw new IllegalArgumentException(
                    "transform " + label + " needs a resolution, such as 64x64");
        }
    }

    /** Size of the images that become of a resolution. */
    Resolution result(Resolution resolution) {
        return resolution;
    }

    /**
     * Transforms an image.
     *
     * @param resolution what {@link #check} allows
     * @return empty if the image is to be skipped: too small or too elongated
     */
    abstract Optional<RgbImage> apply(RgbImage image, Resolution resolution);
}
