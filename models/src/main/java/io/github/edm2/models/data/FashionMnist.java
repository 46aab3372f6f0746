package io.github.edm2.models.data;

import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * The classes of Fashion-MNIST (Xiao et al., arXiv:1708.07747), whose files have the names and the
 * form of MNIST's and can be told from them by their labels only.
 */
final class FashionMnist {

    /** What the labels 0 to 9 mean. */
    static final List<String> NAMES =
            List.of(
                    "T-shirt/top",
                    "Trouser",
                    "Pullover",
                    "Dress",
                    "Coat",
                    "Sandal",
                    "Shirt",
                    "Sneaker",
                    "Bag",
                    "Ankle boot");

    /** CRC-32 of the labels, a byte each, of the training and the test set. */
    private static final Set<Long> CHECKSUMS = Set.of(0x2ed6e46aL, 0x242bc73fL);

    private FashionMnist() {}

    /** Whether labels are all those of the training or the test set, in their order. */
    static boolean isOf(int[] labels) {
        CRC32 crc = new CRC32();
        for (int label : labels) {
            crc.update(label);
        }
        return CHECKSUMS.contains(crc.getValue());
    }
}
