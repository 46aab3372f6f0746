package io.github.edm2.examples.cli;

import io.github.edm2.ema.PowerFunction;
import io.github.edm2.models.Preset;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageShape;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import io.github.edm2.models.unet.NetworkCost;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** {@code edm2 train}: trains a network on a dataset, or continues an interrupted training. */
final class TrainCommand implements Command {

    private static final String OF_PRESET = "that of the preset";

    /** Snapshots of a run by default: enough to reconstruct most EMA lengths within 1 %. */
    private static final int SNAPSHOTS = 64;

    private static final int CHECKPOINTS = 32;
    private static final int STATUSES = 256;

    private static final Setting<Path> OUTDIR =
            Setting.required("outdir", Kind.OUTPUT_FOLDER, "folder of the run; created if need be");
    private static final Setting<Path> DATA =
            Setting.required(
                    "data",
                    Kind.FILE,
                    "folder or zip archive of PNG images, or of latents of dataset encode, with labels in a dataset.json or else the numbers of its top-level folders, or IDX file of images, with labels in the IDX file beside it");
    private static final Setting<Boolean> COND =
            LabelledData.cond("train with the class labels of the data");
    private static final Setting<String> PRESET =
            Setting.of(
                    "preset",
                    Kind.oneOf(Preset.presets().stream().map(Preset::name).toList()),
                    "edm2-32-small",
                    "network (unless --init gives one) and hyperparameters: "
                            + String.join(
                                    ", ", Preset.presets().stream().map(Preset::name).toList()));
    private static final Setting<Location> INIT =
            Setting.derived(
                    "init",
                    Location.KIND,
                    "none: random weights",
                    "network file or official pickle to start from, for fine-tuning: its network and weights"
                            + " instead of those of --preset; the label weights are new if the data has another"
                            + " number of classes");
    private static final Setting<Long> DURATION =
            Setting.derived("duration", Kind.COUNT, OF_PRESET, "images to train");
    private static final Setting<Integer> BATCH =
            Setting.derived("batch", Kind.SMALL_COUNT, OF_PRESET, "images per step");
    private static final Setting<Integer> BATCH_GPU =
            Setting.derived(
                    "batch-gpu",
                    Kind.SMALL_COUNT,
                    "all of a batch",
                    "images in memory at a time; gradients of the parts of a batch are added up");
    private static final Setting<Integer> CHANNELS =
            Setting.derived("channels", Kind.SMALL_COUNT, OF_PRESET, "base number of channels");
    private static final Setting<Double> DROPOUT =
            Setting.derived(
                    "dropout",
                    Kind.PROBABILITY,
                    OF_PRESET + " or of --init",
                    "probability of dropout");
    private static final Setting<Double> P_MEAN =
            Setting.derived("P_mean", Kind.NUMBER, OF_PRESET, "mean of ln sigma in training");
    private static final Setting<Double> P_STD =
            Setting.derived(
                    "P_std",
                    Kind.NUMBER_FROM_0,
                    OF_PRESET,
                    "standard deviation of ln sigma in training");
    private static final Setting<Double> LR =
            Setting.derived("lr", Kind.POSITIVE_NUMBER, OF_PRESET, "reference learning rate");
    private static final Setting<Double> DECAY =
            Setting.derived(
                    "decay",
                    Kind.NUMBER_FROM_0,
                    OF_PRESET,
                    "batches after which the learning rate decays; 0 for never");
    private static final Setting<Boolean> XFLIP =
            Setting.of("xflip", Kind.SWITCH, false, "mirror each image with probability 1/2");
    private static final Setting<List<Double>> EMA_STD =
            Setting.of(
                    "ema-std",
                    Kind.LENGTHS,
                    List.of(0.05, 0.10),
                    "EMA lengths to track (sigma_rel); phema makes all others of them");
    private static final Setting<Boolean> FP16_SNAPSHOTS =
            Setting.of(
                    "fp16-snapshots",
                    Kind.SWITCH,
                    false,
                    "store snapshots in half precision: half the size, less precise short EMA lengths");
    private static final Setting<Long> STATUS =
            Setting.derived(
                    "status",
                    Kind.COUNT_OR_NONE,
                    "1/" + STATUSES + " of the duration",
                    "images between lines of log.txt and stats.jsonl, with the loss per element (channel of a pixel); 0 for none");
    private static final Setting<Long> SNAPSHOT =
            Setting.derived(
                    "snapshot",
                    Kind.COUNT_OR_NONE,
                    "1/" + SNAPSHOTS + " of the duration",
                    "images between snapshots of the averages; 0 for none");
    private static final Setting<Long> CHECKPOINT =
            Setting.derived(
                    "checkpoint",
                    Kind.COUNT_OR_NONE,
                    "1/" + CHECKPOINTS + " of the duration",
                    "images between checkpoints; 0 for none but the last");
    private static final Setting<Long> SEED =
            Setting.of("seed", Kind.SEED, 0L, "of weights, order of the data, noise and dropout");
    private static final Setting<Boolean> DRY_RUN =
            Setting.of("dry-run", Kind.SWITCH, false, "print the configuration and do nothing")
                    .withLetter("n");

    @Override
    public String name() {
        return "train";
    }

    @Override
    public String summary() {
        return "Train a network, or continue an interrupted training";
    }

    @Override
    public String details() {
        return "The same command again continues from the newest checkpoint as if it had not stopped. A run"
                + " may also continue with another --duration, --batch-gpu, --status, --snapshot or --checkpoint,"
                + " which otherwise stay as they were; all other options must stay. Image size, channels and classes follow the data.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(
                OUTDIR,
                DATA,
                COND,
                PRESET,
                INIT,
                DURATION,
                BATCH,
                BATCH_GPU,
                CHANNELS,
                DROPOUT,
                P_MEAN,
                P_STD,
                LR,
                DECAY,
                XFLIP,
                EMA_STD,
                FP16_SNAPSHOTS,
                STATUS,
                SNAPSHOT,
                CHECKPOINT,
                SEED,
                DRY_RUN);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Preset preset = Preset.of(arguments.get(PRESET));
        try (ImageDataset dataset = LabelledData.open(arguments.get(DATA), arguments.get(COND))) {
            Optional<InitialNetwork> init = init(arguments, dataset, out);
            TrainingOptions options = options(arguments, preset, init, dataset);
            TrainingMemory.warning(
                            options.network(), options.batchGpu(), TrainingMemory.ofMachine())
                    .ifPresent(out::println);
            if (arguments.get(DRY_RUN)) {
                NetworkCost cost = NetworkCost.of(options.network());
                out.println(options.toJson());
                options.start().ifPresent(out::println);
                out.printf(
                        "%,d parameters, %.3f Gflops per image and evaluation%n",
                        cost.parameters(), cost.operations() / 1e9);
            } else {
                new TrainingRun(options, dataset, arguments.get(OUTDIR), out).run();
            }
        }
    }

    private static Optional<InitialNetwork> init(
            Arguments arguments, ImageDataset dataset, PrintStream out) throws IOException {
        Location location = arguments.get(INIT);
        if (location == null) {
            return Optional.empty();
        }
        if (arguments.get(CHANNELS) != null) {
            throw new UsageException(
                    "--channels contradicts --init, whose network has its own number of channels; leave one of them out");
        }
        boolean withoutLabels = Boolean.FALSE.equals(arguments.get(COND));
        return Optional.of(InitialNetwork.of(location.file(out), dataset, withoutLabels));
    }

    private static TrainingOptions options(
            Arguments arguments, Preset preset, Optional<InitialNetwork> init, ImageDataset dataset)
            throws IOException {
        long duration = arguments.get(DURATION, preset.durationImages());
        int batch = arguments.get(BATCH, preset.batch());
        Optional<TrainingOptions.Kept> kept = TrainingOptions.keptIn(arguments.get(OUTDIR));
        List<Double> emaStd = arguments.get(EMA_STD);
        TrainingOptions options =
                new TrainingOptions(
                        preset.name(),
                        dataset.name(),
                        dataset.count(),
                        init,
                        network(arguments, preset, init, dataset),
                        batch,
                        Math.min(
                                batch,
                                arguments.get(
                                        BATCH_GPU, kept.map(k -> k.batchGpu()).orElse(batch))),
                        arguments.get(LR, preset.learningRate()),
                        arguments.get(DECAY, preset.decayBatches()),
                        preset.rampUpImages(),
                        arguments.get(P_MEAN, preset.pMean()),
                        arguments.get(P_STD, preset.pStd()),
                        arguments.get(XFLIP),
                        emaStd,
                        arguments.get(FP16_SNAPSHOTS),
                        arguments.get(
                                SNAPSHOT,
                                kept.map(k -> k.snapshot())
                                        .orElse(part(duration, SNAPSHOTS, batch))),
                        arguments.get(SEED),
                        duration,
                        arguments.get(
                                STATUS,
                                kept.map(k -> k.status()).orElse(part(duration, STATUSES, batch))),
                        arguments.get(
                                CHECKPOINT,
                                kept.map(k -> k.checkpoint())
                                        .orElse(part(duration, CHECKPOINTS, batch))));
        check(options);
        return options;
    }

    /** Whatever is out of range must fail before the folder of the run is made. */
    private static void check(TrainingOptions options) {
        options.emaStd().forEach(PowerFunction::new);
        options.schedule();
        new NoisePreProcessor(options.pMean(), options.pStd(), options.seed(), 0);
    }

    /** A part of the duration in whole batches. */
    private static long part(long duration, int parts, int batch) {
        return Math.max(1, duration / parts / batch) * batch;
    }

    private static NetworkOptions network(
            Arguments arguments,
            Preset preset,
            Optional<InitialNetwork> init,
            ImageDataset dataset) {
        NetworkOptions network =
                init.map(InitialNetwork::options)
                        .orElseGet(() -> forImages(preset.network(), dataset));
        NetworkOptions options =
                network.toBuilder()
                        .labelDim(dataset.classes())
                        .modelChannels(arguments.get(CHANNELS, network.getModelChannels()))
                        .dropout(arguments.get(DROPOUT, network.getDropout()))
                        .build();
        try {
            return options.validate();
        } catch (IllegalArgumentException e) {
            if (arguments.get(CHANNELS) == null) {
                throw e;
            }
            throw new UsageException(
                    "--channels %d does not fit, multiples of %d do: %s"
                            .formatted(
                                    arguments.get(CHANNELS),
                                    options.getChannelsPerHead(),
                                    e.getMessage()));
        }
    }

    private static NetworkOptions forImages(NetworkOptions network, ImageDataset dataset) {
        ImageShape shape = dataset.shape();
        if (shape.height() != shape.width()) {
            throw new CommandException(
                    "the images of %s are %s, but the network takes square ones; crop or pad them"
                            .formatted(dataset.name(), shape));
        }
        int reduction = 1 << (network.getChannelMult().length - 1);
        if (shape.height() % reduction != 0) {
            throw new CommandException(
                    "the preset's network takes images whose size is a multiple of %d, but those of %s are %s; pad them or choose another preset: %s"
                            .formatted(
                                    reduction,
                                    dataset.name(),
                                    shape,
                                    String.join(", ", presetsFor(shape.height()))));
        }
        return network.toBuilder()
                .imgResolution(shape.height())
                .imgChannels(shape.channels())
                .build();
    }

    private static List<String> presetsFor(int resolution) {
        return Preset.presets().stream()
                .filter(p -> resolution % (1 << (p.network().getChannelMult().length - 1)) == 0)
                .map(Preset::name)
                .toList();
    }
}
