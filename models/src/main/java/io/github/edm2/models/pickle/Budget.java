package io.github.edm2.models.pickle;

/** What reading one file may still cost, with all the pickles inside its pickle. */
final class Budget {

    /** Some thirty times what the largest EDM2 network takes, and at most some 100 MB of data. */
    private static final int MOST_OPCODES = 1_000_000;

    private static final long COPIES = 4;
    private static final long AT_LEAST = 1 << 20;

    private int opcodes = MOST_OPCODES;
    private long bytes;

    /**
     * @param fileLength bytes of the whole file
     */
    Budget(long fileLength) {
        bytes = Math.max(AT_LEAST, COPIES * fileLength);
    }

    /**
     * Takes the cost of one opcode.
     *
     * @throws PickleException if there were too many
     */
    void opcode() {
        opcodes--;
        if (opcodes < 0) {
            throw new PickleException(
                    "has more than %,d opcodes, so it is no network".formatted(MOST_OPCODES));
        }
    }

    /**
     * Takes the cost of copying bytes.
     *
     * @throws PickleException if there were too many
     */
    void copy(long count) {
        bytes -= count;
        if (bytes < 0) {
            throw new PickleException(
                    "copies the same data so often that it would take far more memory than the file");
        }
    }
}
