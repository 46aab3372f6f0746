package io.github.edm2.models.data;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/**
 * The part of {@link ExifOrientation} that needs metadata-extractor, which may be missing: this
 * class is not loaded before it is known to be there.
 */
final class ExifMetadata {

    private static final int LAST_ORIENTATION = 8;

    private ExifMetadata() {}

    static int orientation(byte[] file, String location) {
        try {
            ExifIFD0Directory exif =
                    ImageMetadataReader.readMetadata(new ByteArrayInputStream(file), file.length)
                            .getFirstDirectoryOfType(ExifIFD0Directory.class);
            Integer orientation =
                    exif == null ? null : exif.getInteger(ExifDirectoryBase.TAG_ORIENTATION);
            // Programs that do not know an image's orientation write 0.
            return orientation == null
                            || orientation < ExifOrientation.UPRIGHT
                            || orientation > LAST_ORIENTATION
                    ? ExifOrientation.UPRIGHT
                    : orientation;
        } catch (ImageProcessingException | IOException e) {
            throw new DatasetException(
                    location
                            + " has metadata that cannot be read ("
                            + e.getMessage()
                            + "); convert without upright or write the image again",
                    e);
        }
    }
}
