package io.github.edm2.layers.plan;

import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Threads that ND4J's CPU backend computes an operation with; OpenMP keeps their number by thread.
 */
public final class OpenMp {

    private OpenMp() {}

    /**
     * How many compute what this thread calls.
     *
     * @return {@code OMP_NUM_THREADS} or the number of processors, unless {@link #use} has set
     *     another; 1 with another backend
     */
    public static int threads() {
        return Nd4j.getEnvironment().isCPU()
                ? NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads()
                : 1;
    }

    /**
     * Sets how many compute what this thread calls; nothing with a backend other than the CPU's.
     */
    public static void use(int threads) {
        if (Nd4j.getEnvironment().isCPU()) {
            NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(threads);
        }
    }
}
