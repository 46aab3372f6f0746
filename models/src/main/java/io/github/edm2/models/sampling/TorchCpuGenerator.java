package io.github.edm2.models.sampling;

/**
 * The random numbers that PyTorch's generator of a CPU gives for a seed: the Mersenne Twister
 * MT19937 (Matsumoto and Nishimura 1998), normal numbers by the method of Box and Muller, which
 * PyTorch applies in one way to fewer and in another to 16 or more numbers.
 *
 * <p>For one thread at a time.
 */
public final class TorchCpuGenerator {

    private static final int STATE = 624;
    private static final int SHIFT = 397;
    private static final int SEED_FACTOR = 1812433253;
    private static final int TWIST = 0x9908b0df;
    private static final int UPPER = 0x80000000;
    private static final int LOWER = 0x7fffffff;

    private static final int FLOAT_MASK = (1 << 24) - 1;
    private static final float FLOAT_UNIT = 0x1p-24f;
    private static final long DOUBLE_MASK = (1L << 53) - 1;
    private static final double DOUBLE_UNIT = 0x1p-53;

    /** From so many numbers on, normal numbers are made in groups of this size. */
    private static final int GROUP = 16;

    private static final int HALF = GROUP / 2;

    private final int[] state = new int[STATE];
    private int next = STATE;

    /** Second number of a pair whose first was given; NaN if there is none. */
    private double spareNormal = Double.NaN;

    /**
     * @param seed of which the lower 32 bits count
     */
    public TorchCpuGenerator(long seed) {
        state[0] = (int) seed;
        for (int i = 1; i < STATE; i++) {
            state[i] = SEED_FACTOR * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
        }
    }

    private int random32() {
        if (next == STATE) {
            twist();
            next = 0;
        }
        int y = state[next++];
        y ^= y >>> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >>> 18);
    }

    private void twist() {
        for (int i = 0; i < STATE; i++) {
            int y = (state[i] & UPPER) | (state[(i + 1) % STATE] & LOWER);
            state[i] = state[(i + SHIFT) % STATE] ^ (y >>> 1) ^ ((y & 1) * TWIST);
        }
    }

    private long random64() {
        long high = random32();
        return high << Integer.SIZE | Integer.toUnsignedLong(random32());
    }

    /**
     * One number of {@code torch.randint(bound, ...)}.
     *
     * @param bound from 1 to 2^32 - 1
     * @return a number from 0 to {@code bound - 1}
     */
    public long randint(long bound) {
        return Integer.toUnsignedLong(random32()) % bound;
    }

    /**
     * What {@code torch.randn} gives for so many numbers in single precision.
     *
     * @param target receives the numbers
     * @param from where the first goes
     * @param count how many
     */
    public void randn(float[] target, int from, int count) {
        if (count < GROUP) {
            for (int i = 0; i < count; i++) {
                target[from + i] = (float) normal();
            }
            return;
        }
        for (int i = 0; i < count; i++) {
            target[from + i] = uniform();
        }
        for (int i = 0; i <= count - GROUP; i += GROUP) {
            normalGroup(target, from + i);
        }
        if (count % GROUP != 0) { // the last group is drawn anew and overlaps the one before
            int last = from + count - GROUP;
            for (int i = 0; i < GROUP; i++) {
                target[last + i] = uniform();
            }
            normalGroup(target, last);
        }
    }

    private float uniform() {
        return (random32() & FLOAT_MASK) * FLOAT_UNIT;
    }

    /** Box and Muller in single precision: each number of the first half with its partner. */
    private static void normalGroup(float[] numbers, int from) {
        for (int i = from; i < from + HALF; i++) {
            float radius = (float) Math.sqrt(-2 * (float) Math.log(1 - numbers[i]));
            float angle = (float) (2 * Math.PI) * numbers[i + HALF];
            numbers[i] = radius * (float) Math.cos(angle);
            numbers[i + HALF] = radius * (float) Math.sin(angle);
        }
    }

    private double normal() {
        if (!Double.isNaN(spareNormal)) {
            double result = spareNormal;
            spareNormal = Double.NaN;
            return result;
        }
        double angle = 2 * Math.PI * ((random64() & DOUBLE_MASK) * DOUBLE_UNIT);
        double radius = Math.sqrt(-2 * Math.log1p(-((random64() & DOUBLE_MASK) * DOUBLE_UNIT)));
        spareNormal = radius * Math.sin(angle);
        return radius * Math.cos(angle);
    }
}
