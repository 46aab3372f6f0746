package io.github.edm2.ema;

import org.nd4j.linalg.api.buffer.DataType;

/**
 * One stored average, as a {@link SnapshotStore}'s manifest lists it.
 *
 * @param at profile and image count
 * @param type data type of the stored weights, {@code FLOAT} or {@code FLOAT16}
 * @param file name of the file in the store's folder
 * @param bytes length of the file
 * @param crc32c CRC-32C of the file, eight hexadecimal digits
 */
public record Snapshot(ProfileAt at, DataType type, String file, long bytes, String crc32c) {

    /**
     * Relative standard deviation of the profile.
     *
     * @return sigmaRel
     */
    public double sigmaRel() {
        return at.profile().sigmaRel();
    }

    /**
     * Time of the snapshot.
     *
     * @return images since the start of the training
     */
    public long imageCount() {
        return at.imageCount();
    }
}
