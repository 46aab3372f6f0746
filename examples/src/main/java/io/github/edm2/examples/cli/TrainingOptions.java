package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.search.JsonDifference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Everything that decides about a training run. Kept in the run's folder, so that nobody continues
 * a run with other options by mistake.
 *
 * @param preset where the defaults come from
 * @param data name of the dataset
 * @param dataImages number of its images
 * @param init network file from which the training starts, if not from random weights
 * @param network options of the network, image shape and classes included
 * @param batch images per step
 * @param batchGpu images in memory at a time
 * @param learningRate reference learning rate
 * @param decay batches after which the learning rate decays; 0 for never
 * @param rampUp images over which the learning rate rises
 * @param pMean mean of ln sigma
 * @param pStd standard deviation of ln sigma
 * @param xflip whether to mirror half of the images
 * @param emaStd tracked EMA lengths (sigma_rel)
 * @param fp16Snapshots whether snapshots are in half precision
 * @param snapshot images between snapshots, 0 for none
 * @param seed of weights, order of the data, noise and dropout
 * @param duration images to train
 * @param status images between lines of the log, 0 for none
 * @param checkpoint images between checkpoints, 0 for none but the last
 */
record TrainingOptions(
        String preset,
        String data,
        int dataImages,
        Optional<InitialNetwork> init,
        NetworkOptions network,
        int batch,
        int batchGpu,
        double learningRate,
        double decay,
        double rampUp,
        double pMean,
        double pStd,
        boolean xflip,
        List<Double> emaStd,
        boolean fp16Snapshots,
        long snapshot,
        long seed,
        long duration,
        long status,
        long checkpoint) {

    private static final String FILE = "training_options.json";

    /** A run may go on with others of these: they change no weight, or only its rounding. */
    private static final Set<String> MAY_CHANGE =
            Set.of("duration", "batch-gpu", "status", "snapshot", "checkpoint");

    /** What a run in a folder goes on with unless the user says otherwise. */
    record Kept(int batchGpu, long status, long snapshot, long checkpoint) {}

    private static final ObjectMapper JSON = new ObjectMapper();

    LearningRateSchedule schedule() {
        return new LearningRateSchedule(learningRate, decay, rampUp, batch);
    }

    /** What the training starts from, in one line; empty if it is random weights. */
    Optional<String> start() {
        return init.map(InitialNetwork::describe);
    }

    /** As JSON with line breaks. */
    String toJson() throws IOException {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(tree());
    }

    private ObjectNode tree() {
        ObjectNode tree = JSON.createObjectNode();
        tree.put("preset", preset);
        tree.putObject("data").put("name", data).put("images", dataImages);
        init.ifPresent(
                start ->
                        tree.putObject("init")
                                .put("file", start.file().getFileName().toString())
                                .put("sha256", start.checksum().hex()));
        tree.set("network", JSON.valueToTree(network));
        tree.put("batch", batch);
        tree.put("batch-gpu", batchGpu);
        tree.put("lr", learningRate);
        tree.put("decay", decay);
        tree.put("ramp-up", rampUp);
        tree.put("P_mean", pMean);
        tree.put("P_std", pStd);
        tree.put("xflip", xflip);
        tree.set("ema-std", JSON.valueToTree(emaStd));
        tree.put("fp16-snapshots", fp16Snapshots);
        tree.put("snapshot", snapshot);
        tree.put("seed", seed);
        tree.put("duration", duration);
        tree.put("status", status);
        tree.put("checkpoint", checkpoint);
        return tree;
    }

    /** Keeps the options in a run's folder. */
    void save(Path outdir) throws IOException {
        byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree());
        AtomicFile.write(outdir.resolve(FILE), out -> out.write(json));
    }

    /** The intervals of the run in a folder, if there is one. */
    static Optional<Kept> keptIn(Path outdir) throws IOException {
        Path file = outdir.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        JsonNode kept = read(file);
        return Optional.of(
                new Kept(
                        kept.path("batch-gpu").asInt(),
                        kept.path("status").asLong(),
                        kept.path("snapshot").asLong(),
                        kept.path("checkpoint").asLong()));
    }

    private static JsonNode read(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new CommandException(
                    "%s is damaged (%s); restore it, or give another --outdir"
                            .formatted(file, AtomicFile.reason(e)),
                    e);
        }
    }

    /**
     * Compares with the options of the run in a folder, if there is one.
     *
     * @throws CommandException if they differ in something that changes the weights
     */
    void requireSameAsIn(Path outdir) throws IOException {
        Path file = outdir.resolve(FILE);
        if (!Files.exists(file)) {
            return;
        }
        JsonNode kept = read(file);
        JsonNode wanted = JSON.readTree(JSON.writeValueAsBytes(tree()));
        for (JsonDifference difference : JsonDifference.between(kept, wanted)) {
            if (!MAY_CHANGE.contains(difference.name())) {
                throw new CommandException(
                        "%s holds a run with %s %s, not %s; give the same options to continue it, or another --outdir"
                                .formatted(
                                        outdir,
                                        difference.name(),
                                        difference.kept(),
                                        difference.wanted()));
            }
        }
    }
}
