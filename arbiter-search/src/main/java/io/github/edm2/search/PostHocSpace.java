package io.github.edm2.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * All choices that need no training, to be tried on every training.
 *
 * @param lengths of EMA
 * @param times of the training, in images, rising
 * @param guidance strengths of guidance in sampling
 * @param steps numbers of sampling steps
 */
public record PostHocSpace(
        EmaLengthSpace lengths, List<Long> times, List<Double> guidance, List<Integer> steps) {

    /** What scores that do not sample never look at. */
    private static final double NO_GUIDANCE = 1;

    private static final int DEFAULT_STEPS = 32;

    public PostHocSpace {
        times = List.copyOf(times);
        guidance = List.copyOf(guidance);
        steps = List.copyOf(steps);
        if (times.isEmpty() || guidance.isEmpty() || steps.isEmpty()) {
            throw new IllegalArgumentException(
                    "times, guidance and steps must have a value each, got %s, %s and %s"
                            .formatted(times, guidance, steps));
        }
        long before = 0;
        for (long time : times) {
            if (time <= before) {
                throw new IllegalArgumentException("times must be positive and rise, got " + times);
            }
            before = time;
        }
        if (steps.stream().anyMatch(count -> count < 1)) {
            throw new IllegalArgumentException("steps must be at least 1, got " + steps);
        }
    }

    /**
     * EMA lengths and times alone, for scores that do not sample.
     *
     * @param times in images, rising
     */
    public static PostHocSpace of(EmaLengthSpace lengths, long... times) {
        return new PostHocSpace(
                lengths,
                Arrays.stream(times).boxed().toList(),
                List.of(NO_GUIDANCE),
                List.of(DEFAULT_STEPS));
    }

    /** The time to which a training goes. */
    public long lastTime() {
        return times.get(times.size() - 1);
    }

    /** All combinations: by time, then by EMA length, guidance and steps. */
    public List<PostHoc> all() {
        List<PostHoc> all = new ArrayList<>();
        for (long time : times) {
            for (double length : lengths.values()) {
                for (double strength : guidance) {
                    for (int count : steps) {
                        all.add(new PostHoc(length, time, strength, count));
                    }
                }
            }
        }
        return all;
    }
}
