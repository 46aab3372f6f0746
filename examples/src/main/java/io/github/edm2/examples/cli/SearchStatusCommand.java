package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.search.Cautions;
import io.github.edm2.search.SignificantDigits;
import io.github.edm2.search.Study;
import io.github.edm2.search.TrialResult;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** {@code edm2 search status}: how far a study is. */
final class SearchStatusCommand implements Command {

    private static final Setting<Path> STUDY =
            Setting.required("study", Kind.FILE, "folder of the study");

    private static final int SHOWN = 5;

    @Override
    public String name() {
        return "search status";
    }

    @Override
    public String summary() {
        return "Show how far a study is and its best candidates";
    }

    @Override
    public String details() {
        return "Only reads the folder; a search may be running there. Losses are means per element: channel of a"
                + " pixel.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(STUDY);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Study study = Study.read(arguments.get(STUDY));
        out.printf(
                "%s scored, %,d failed, %,d given up early; %s trained%n",
                Count.of(study.count(TrialResult.Status.COMPLETE), "candidate", "candidates"),
                study.count(TrialResult.Status.FAILED),
                study.count(TrialResult.Status.PRUNED),
                Count.images(study.imagesTrained()));
        Cautions.of(study).forEach(caution -> out.println("caution: " + caution));
        List<TrialResult> ranked = study.ranked();
        for (TrialResult result : ranked.subList(0, Math.min(SHOWN, ranked.size()))) {
            out.printf(
                    "%s %s: sigma_rel %s after %s, %s (candidate %d)%n",
                    study.named(study.objective().score()),
                    SignificantDigits.text(result.scores().get(study.objective().score())),
                    EmaLengths.format(result.postHoc().sigmaRel()),
                    Count.images(result.postHoc().images()),
                    result.trial().training(),
                    result.index());
        }
    }
}
