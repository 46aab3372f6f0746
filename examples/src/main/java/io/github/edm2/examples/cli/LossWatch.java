package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.training.Checkpoints;
import io.github.edm2.models.training.NonFiniteLosses;
import io.github.edm2.models.training.Trainer;
import java.io.IOException;
import java.io.PrintStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Warns of a loss that is not a number, and ends a training in which it stays so. A training in
 * this state is not kept, for it would replace a good one.
 */
final class LossWatch {

    private final Checkpoints checkpoints;
    private final StatusLog log;
    private final PrintStream out;
    private final NonFiniteLosses losses = new NonFiniteLosses();

    LossWatch(Checkpoints checkpoints, StatusLog log, PrintStream out) {
        this.checkpoints = checkpoints;
        this.log = log;
        this.out = out;
    }

    /**
     * Looks at a step.
     *
     * @param trainer has just trained it
     * @param loss of the step
     * @param last whether it is the last step of the training
     * @throws CommandException after too many such steps in a row, or if the last is one
     */
    void step(Trainer trainer, double loss, boolean last) throws IOException {
        int inARow = losses.add(loss);
        if (inARow == 0) {
            return;
        }
        if (inARow == 1) {
            String warning =
                    "warning: %s after %s; nothing is saved until the loss is a finite number again"
                            .formatted(losses.describeLast(), Count.images(trainer.images()));
            out.println(warning);
            log.note(warning);
        }
        if (losses.areTooMany() || last) {
            throw stop(trainer, losses.describe());
        }
    }

    /**
     * Whether the network may be kept: the loss of the last step is a number, and so are the
     * weights that it made.
     *
     * @param last whether it is the last step of the training
     * @throws CommandException if it is the last, and may not be kept
     */
    boolean isGood(Trainer trainer, ComputationGraph network, boolean last) throws IOException {
        boolean good =
                !losses.isLast()
                        && Double.isFinite(
                                Nd4j.getBlasWrapper().dot(network.params(), network.params()));
        if (!good && last) {
            throw stop(trainer, "some weights are not finite");
        }
        return good;
    }

    private CommandException stop(Trainer trainer, String why) throws IOException {
        String where =
                trainer.firstLayerNotFinite()
                        .map("the first layer with an output that is not finite is "::concat)
                        .orElse(
                                "the output of every layer is finite, so the loss itself overflows");
        String kept =
                checkpoints
                        .newest()
                        .map(good -> "the last good checkpoint is " + good.folder())
                        .orElse("there is no good checkpoint yet");
        String message =
                "training stopped after %s: %s; %s; %s; choose a lower --lr or check the data, then train into another --outdir"
                        .formatted(Count.images(trainer.images()), why, where, kept);
        log.note(message);
        return new CommandException(message);
    }
}
