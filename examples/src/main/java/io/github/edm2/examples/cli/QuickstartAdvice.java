package io.github.edm2.examples.cli;

import io.github.edm2.ema.AverageName;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What a quickstart run tells beside its numbers: which EMA length is best for what, and what to do
 * next.
 */
final class QuickstartAdvice {

    private final List<QuickstartReport.EmaLength> sweep;

    /**
     * @param sweep scores of each EMA length, at least one
     */
    QuickstartAdvice(List<QuickstartReport.EmaLength> sweep) {
        this.sweep = sweep;
    }

    /** The EMA length of the lowest held-out loss. */
    double bestByLoss() {
        return best(QuickstartReport.EmaLength::heldOutLoss);
    }

    /** The EMA length of the lowest Fréchet distance. */
    double bestByDistance() {
        return best(QuickstartReport.EmaLength::frechetDistance);
    }

    private double best(ToDoubleFunction<QuickstartReport.EmaLength> score) {
        return sweep.stream().min(Comparator.comparingDouble(score)).orElseThrow().sigmaRel();
    }

    /** Which EMA length each score prefers and, where they differ, why. */
    String lengths() {
        String loss = EmaLengths.format(bestByLoss());
        String distance = EmaLengths.format(bestByDistance());
        return loss.equals(distance)
                ? "Best EMA length: sigma_rel %s by held-out loss and by Fréchet distance."
                        .formatted(loss)
                : """
                  Best EMA length: sigma_rel %s by held-out loss, %s by Fréchet distance. \
                  The two scores measure different things. The loss measures single denoising steps from real images; \
                  the distance measures whole samples, in which the errors of all steps add up. \
                  The distance is also less certain, because it is estimated from few samples. \
                  Use the distance to choose a network that draws, the loss to compare trainings."""
                        .formatted(loss, distance);
    }

    /**
     * Commands that work as they stand, in the folder in which the quickstart ran.
     *
     * @param outdir of the quickstart
     * @param images at which its last snapshots are
     */
    String next(Path outdir, long images) {
        String program = Program.name();
        Path ema = outdir.resolve("ema");
        String length = EmaLengths.format(bestByDistance());
        Path network =
                ema.resolve(
                        AverageName.of("phema", AverageName.kimg(images), bestByDistance())
                                + ".zip");
        return """
               Next, draw from the network of the lowest held-out loss:
               %1$s generate --net %2$s --seeds 0-63 --outdir %3$s
               make the network of the lowest Fréchet distance, and draw from it:
               %1$s phema --indir %4$s --outstd %5$s --outdir %6$s
               %1$s generate --net %7$s --seeds 0-63 --outdir %8$s
               search learning rates and EMA lengths:
               %1$s search run --study %9$s"""
                .formatted(
                        program,
                        Program.quoted(outdir.resolve("network.zip")),
                        Program.quoted(outdir.resolve("images")),
                        Program.quoted(outdir),
                        length,
                        Program.quoted(ema),
                        Program.quoted(network),
                        Program.quoted(outdir.resolve("images-" + length)),
                        Program.quoted(outdir.resolve("study")));
    }
}
