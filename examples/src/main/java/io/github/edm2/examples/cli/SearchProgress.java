package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.search.Hyperparameters;
import io.github.edm2.search.SearchListener;
import io.github.edm2.search.SignificantDigits;
import io.github.edm2.search.TrialResult;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;

/** Shows a search: a progress bar for each training, a line for each candidate that fails. */
final class SearchProgress implements SearchListener, AutoCloseable {

    /** So many candidates have one line, that of the last. */
    private static final int LINES = 5;

    private final PrintStream out;
    private final Map<Hyperparameters, ProgressBar> bars = new HashMap<>();
    private int scored;

    SearchProgress(PrintStream out) {
        this.out = out;
    }

    @Override
    public synchronized void trained(
            Hyperparameters training, long images, long total, double loss) {
        ProgressBar bar =
                bars.computeIfAbsent(
                        training,
                        t -> Progress.start(t.toString(), "images", 1, images, total, out));
        bar.stepTo(images);
        bar.setExtraMessage(" loss " + ShownLoss.text(loss, 4));
        if (images >= total) {
            bar.close();
            bars.remove(training);
        }
    }

    @Override
    public synchronized void scored(TrialResult result) {
        scored++;
        if (result.status() == TrialResult.Status.FAILED) {
            out.printf("candidate %d failed: %s%n", result.index(), result.message());
        } else if (scored % LINES == 0) {
            out.printf(
                    "candidate %d: sigma_rel %s after %s, %s: %s%n",
                    result.index(),
                    EmaLengths.format(result.postHoc().sigmaRel()),
                    Count.images(result.postHoc().images()),
                    result.trial().training(),
                    scores(result));
        }
    }

    private static String scores(TrialResult result) {
        return result.scores().entrySet().stream()
                .map(score -> score.getKey() + " " + SignificantDigits.text(score.getValue()))
                .collect(Collectors.joining(", "));
    }

    @Override
    public synchronized void close() {
        bars.values().forEach(ProgressBar::close);
    }
}
