package io.github.edm2.search;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;

/**
 * A search of its own process, slowed down so that it can be killed on its way: rates at random,
 * three EMA lengths, two times.
 */
final class SlowStudy {

    static final int CANDIDATES = 4 * 3 * 2;

    /** About what it takes without the start of the Java machine. */
    static final int MILLISECONDS = 4 * (int) Toy.TIMES[1] / Toy.BATCH * SlowStudy.PAUSE;

    private static final int PAUSE = 30;

    private SlowStudy() {}

    /**
     * The search.
     *
     * @param pause called after each step and before each score
     */
    static PostHocEmaSearch.Builder search(Path study, LongConsumer pause) {
        return new Toy()
                .search(study)
                .space(
                        TrainingSpace.builder()
                                .axis("lr", new ContinuousParameterSpace(0.003, 0.1))
                                .build())
                .choices(PostHocSpace.of(EmaLengthSpace.of(0.05, 0.1, 0.2), Toy.TIMES))
                .strategy(new RandomSearch(4))
                .scores(
                        Score.of(
                                "error",
                                graph -> {
                                    pause.accept(0);
                                    return Toy.error(graph);
                                }))
                .listener(
                        new SearchListener() {
                            @Override
                            public void trained(
                                    Hyperparameters t, long images, long total, double loss) {
                                pause.accept(images);
                            }
                        });
    }

    /**
     * Runs it, and writes a byte once something happens.
     *
     * @param args folder of the study
     */
    public static void main(String[] args) {
        PrintStream out = System.out;
        // Loggers write there, too.
        System.setOut(System.err);
        AtomicBoolean isFirst = new AtomicBoolean(true);
        search(
                        Path.of(args[0]),
                        images -> {
                            if (isFirst.getAndSet(false)) {
                                out.write(1);
                                out.flush();
                            }
                            sleep();
                        })
                .build()
                .run();
        System.exit(0);
    }

    private static void sleep() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
