package io.github.edm2.models.data;

import io.github.edm2.models.OptionalLibrary;

/** How a photograph's camera was held, by its EXIF metadata. */
final class ExifOrientation {

    /** Of an image that is not to be turned. */
    static final int UPRIGHT = 1;

    private ExifOrientation() {}

    /**
     * Whether an image lies on its side, as far as can be told: not where its metadata are damaged
     * or the library that reads them is missing, which concerns nobody who does not turn images.
     *
     * @param file all bytes of an image
     */
    static boolean isTurned(byte[] file) {
        if (!OptionalLibrary.METADATA_EXTRACTOR.isPresent()) {
            return false;
        }
        try {
            return ExifMetadata.orientation(file, "") != UPRIGHT;
        } catch (DatasetException e) {
            return false;
        }
    }

    /**
     * Reads the orientation.
     *
     * @param file all bytes of an image
     * @param location how messages call it
     * @return as for {@link RgbImage#upright}; 1 where the file tells none
     * @throws DatasetException if the metadata are damaged, or the library that reads them is
     *     missing
     */
    static int of(byte[] file, String location) {
        if (!OptionalLibrary.METADATA_EXTRACTOR.isPresent()) {
            throw new DatasetException(
                    "%s: the EXIF orientation cannot be read, because a library is missing; %s, or convert without upright"
                            .formatted(location, OptionalLibrary.METADATA_EXTRACTOR.remedy()));
        }
        return ExifMetadata.orientation(file, location);
    }
}
