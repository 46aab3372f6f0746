package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.PublishedPreset;
import io.github.edm2.models.data.Latents;
import io.github.edm2.models.data.Pixels;
import io.github.edm2.models.onnx.LatentDecoder;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.sampling.SeededNoise;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import me.tongfei.progressbar.ProgressBar;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Draws images by seed, from networks and by options that the user names. */
final class Generator implements AutoCloseable {

    private static final HeunSampler DEFAULTS = HeunSampler.builder().build();
    private static final Setting<Location> NET =
            Setting.derived(
                    "net",
                    Location.KIND,
                    "that of --preset",
                    "network file: of train, phema or convert, or official pickle; of a web address, it is downloaded into the cache folder");
    private static final Setting<Location> GNET =
            Setting.derived(
                    "gnet",
                    Location.KIND,
                    "none, or that of --preset",
                    "network file of the guide: an unconditional or a weaker network");
    private static final Setting<Double> GUIDANCE =
            Setting.derived(
                    "guidance",
                    Kind.NUMBER,
                    "1, or that of --preset",
                    "strength of guidance; 1 for none");
    private static final Setting<String> PRESET =
            Setting.derived(
                    "preset",
                    Kind.oneOf(PublishedPreset.all().stream().map(PublishedPreset::name).toList()),
                    "none",
                    "published networks of the official release, such as edm2-img64-s-fid or edm2-img512-s-guid-dino");
    private static final Setting<Path> MODEL_DIR =
            Setting.derived(
                    "model-dir",
                    Kind.FILE,
                    "the cache folder, into which missing files are downloaded",
                    "folder with the files of --preset");
    private static final Setting<Path> DECODER =
            Setting.derived(
                    "decoder",
                    Kind.ONNX,
                    "none: latents are written as NPY files",
                    "the autoencoder's decoder, for networks of latents: an ONNX file, or the name of one"
                            + " in the cache folder");
    private static final Setting<String> CLASS =
            Setting.derived(
                    "class",
                    Kind.CLASS,
                    "drawn by each seed",
                    "class of all images: its number, or its name if the network file has names");
    private static final Setting<NoiseSource> NOISE =
            Setting.derived(
                    "noise",
                    NoiseSource.KIND,
                    "torch-cpu for official files, otherwise nd4j",
                    "whose random numbers to use: torch-cpu gives the images that the official PyTorch release gives on a CPU");
    private static final Setting<Integer> STEPS =
            Setting.of("steps", Kind.SMALL_COUNT, DEFAULTS.getSteps(), "sampling steps");
    private static final Setting<Double> SIGMA_MIN =
            Setting.of(
                    "sigma_min",
                    Kind.POSITIVE_NUMBER,
                    DEFAULTS.getSigmaMin(),
                    "lowest noise level");
    private static final Setting<Double> SIGMA_MAX =
            Setting.of(
                    "sigma_max",
                    Kind.POSITIVE_NUMBER,
                    DEFAULTS.getSigmaMax(),
                    "highest noise level");
    private static final Setting<Double> RHO =
            Setting.of(
                    "rho",
                    Kind.POSITIVE_NUMBER,
                    DEFAULTS.getRho(),
                    "how much the steps crowd at low noise levels");
    private static final Setting<Double> S_CHURN =
            Setting.of(
                    "S_churn",
                    Kind.NUMBER_FROM_0,
                    DEFAULTS.getSChurn(),
                    "stochasticity; 0 for deterministic sampling");
    private static final Setting<Double> S_MIN =
            Setting.of(
                    "S_min",
                    Kind.NUMBER_FROM_0,
                    DEFAULTS.getSMin(),
                    "lowest noise level of stochasticity");
    private static final Setting<Double> S_MAX =
            Setting.of(
                    "S_max",
                    Kind.NUMBER_OR_INFINITY,
                    DEFAULTS.getSMax(),
                    "highest noise level of stochasticity");
    private static final Setting<Double> S_NOISE =
            Setting.of(
                    "S_noise",
                    Kind.NUMBER_FROM_0,
                    DEFAULTS.getSNoise(),
                    "standard deviation of stochastic noise");

    static final Setting<Integer> BATCH =
            Setting.of(
                    "batch",
                    Kind.SMALL_COUNT,
                    32,
                    "images in memory at a time; does not change them");

    /** The options that a generator needs, in the order of the help page. */
    static final List<Setting<?>> SETTINGS =
            List.of(
                    NET, GNET, GUIDANCE, PRESET, MODEL_DIR, DECODER, CLASS, NOISE, BATCH, STEPS,
                    SIGMA_MIN, SIGMA_MAX, RHO, S_CHURN, S_MIN, S_MAX, S_NOISE);

    private final HeunSampler sampler;
    private final int batch;
    private final double guidance;
    private final NoiseSource noise;
    private final Integer fixedClass;
    private final FrozenNetwork network;
    private final FrozenNetwork guide;
    private final LatentDecoder decoder;

    private Generator(Arguments arguments, PrintStream out) {
        sampler = sampler(arguments);
        batch = arguments.get(BATCH);
        Chosen chosen = chosen(arguments, out);
        guidance = chosen.guidance;
        if (guidance != 1 && chosen.guide == null) {
            throw new UsageException("--guidance other than 1 needs --gnet");
        }
        noise = arguments.get(NOISE, NoiseSource.of(chosen.net));
        NetworkFile file = Edm2.read(chosen.net);
        NetworkFile guideFile = chosen.guide == null ? file : Edm2.read(chosen.guide);
        requireSameData(file.options(), guideFile.options());
        fixedClass = fixedClass(arguments.get(CLASS), file);
        if (fixedClass != null && !file.classNames().isEmpty()) {
            out.printf("class %d: %s%n", fixedClass, file.classNames().get(fixedClass));
        }
        network = new FrozenNetwork(file.options(), file.graph());
        guide =
                guideFile == file
                        ? network
                        : new FrozenNetwork(guideFile.options(), guideFile.graph());
        decoder = decoder(arguments.get(DECODER), file.options());
    }

    /**
     * Reads the networks, downloading those of a preset where they are missing.
     *
     * @throws UsageException if the options do not fit together
     */
    static Generator of(Arguments arguments, PrintStream out) {
        return new Generator(arguments, out);
    }

    /** Number of classes of the network, 0 for none. */
    int classes() {
        return network.options().getLabelDim();
    }

    /** Whether the images are grey or RGB pixels rather than latents of an autoencoder. */
    boolean givesPixels() {
        int channels = network.options().getImgChannels();
        return decoder != null || channels == 1 || channels == 3;
    }

    /**
     * Images of some seeds.
     *
     * @param seeds one per image
     * @param classes what was drawn, one per image; null where the network has no classes
     * @param images [seeds, channels, height, width]: pixels, UINT8, if {@link #givesPixels},
     *     otherwise what the network gave
     */
    record Drawn(List<Long> seeds, int[] classes, INDArray images) {}

    /** Takes drawn images, batch by batch. */
    @FunctionalInterface
    interface Sink {
        void accept(Drawn drawn) throws IOException;
    }

    /**
     * Draws images, with a progress bar.
     *
     * @param seeds one per image
     */
    void draw(List<Long> seeds, PrintStream out, Sink sink) throws IOException {
        long steps = sampler.getSteps();
        try (ProgressBar bar =
                Progress.start("generate", "images", steps, 0, seeds.size() * steps, out)) {
            for (int from = 0; from < seeds.size(); from += batch) {
                List<Long> part = seeds.subList(from, Math.min(from + batch, seeds.size()));
                long done = from * steps;
                sink.accept(draw(part, step -> bar.stepTo(done + (long) step * part.size())));
            }
        }
    }

    private Drawn draw(List<Long> seeds, IntConsumer progress) {
        try (SeededNoise random = noise.factory().of(longs(seeds), shape(network.options()))) {
            INDArray start = random.get();
            int[] classes = classes(random);
            INDArray labels =
                    classes == null
                            ? null
                            : Nd4j.eye(classes()).castTo(DataType.FLOAT).getRows(classes);
            Denoiser denoiser =
                    Denoiser.guided(
                            Denoiser.of(network, labels), Denoiser.of(guide, labels), guidance);
            INDArray sampled = sampler.sample(denoiser, start, random, progress);
            return new Drawn(seeds, classes, pixels(sampled));
        }
    }

    private int[] classes(SeededNoise random) {
        if (classes() == 0) {
            return null;
        }
        // Drawn in any case, because further noise of the same generators comes after it.
        int[] drawn = random.randomClasses(classes());
        if (fixedClass != null) {
            Arrays.fill(drawn, fixedClass);
        }
        return drawn;
    }

    private INDArray pixels(INDArray sampled) {
        if (decoder != null) {
            return decoder.decode(sampled);
        }
        return givesPixels() ? Pixels.decode(sampled) : sampled;
    }

    /** The decoder that the user names, or null. */
    private static LatentDecoder decoder(Path file, NetworkOptions network) {
        if (file == null) {
            return null;
        }
        if (network.getImgChannels() != Latents.CHANNELS) {
            throw new CommandException(
                    "--decoder is for networks of latents with %d channels, but --net makes %s"
                            .formatted(Latents.CHANNELS, describe(network)));
        }
        return LatentDecoder.open(file, 0);
    }

    /** Network files and guidance, from the options or the preset. */
    private record Chosen(Path net, Path guide, double guidance) {}

    private static Chosen chosen(Arguments arguments, PrintStream out) {
        String name = arguments.get(PRESET);
        if (name == null) {
            if (arguments.get(NET) == null) {
                throw new UsageException("--net or --preset is missing");
            }
            if (arguments.get(MODEL_DIR) != null) {
                throw new UsageException("--model-dir needs --preset");
            }
            return new Chosen(
                    arguments.get(NET).file(out),
                    Location.file(arguments.get(GNET), out),
                    arguments.get(GUIDANCE, 1.0));
        }
        PublishedPreset preset = PublishedPreset.of(name);
        ModelFiles files = ModelFiles.standard(arguments.get(MODEL_DIR));
        try (DownloadProgress progress = new DownloadProgress(out)) {
            Path net = Location.file(arguments.get(NET), out);
            Path guide = Location.file(arguments.get(GNET), out);
            return new Chosen(
                    net == null ? files.find(preset.net(), progress) : net,
                    guide == null && preset.guide() != null
                            ? files.find(preset.guide(), progress)
                            : guide,
                    arguments.get(GUIDANCE, preset.guidance()));
        }
    }

    private static HeunSampler sampler(Arguments arguments) {
        if (arguments.get(SIGMA_MIN) >= arguments.get(SIGMA_MAX)) {
            throw new UsageException(
                    "--sigma_min must be below --sigma_max %s, got %s"
                            .formatted(arguments.get(SIGMA_MAX), arguments.get(SIGMA_MIN)));
        }
        if (arguments.get(S_MIN) > arguments.get(S_MAX)) {
            throw new UsageException(
                    "--S_min must be at most --S_max %s, got %s"
                            .formatted(arguments.get(S_MAX), arguments.get(S_MIN)));
        }
        return HeunSampler.builder()
                .steps(arguments.get(STEPS))
                .sigmaMin(arguments.get(SIGMA_MIN))
                .sigmaMax(arguments.get(SIGMA_MAX))
                .rho(arguments.get(RHO))
                .sChurn(arguments.get(S_CHURN))
                .sMin(arguments.get(S_MIN))
                .sMax(arguments.get(S_MAX))
                .sNoise(arguments.get(S_NOISE))
                .build()
                .validate();
    }

    private static long[] longs(List<Long> seeds) {
        return seeds.stream().mapToLong(Long::longValue).toArray();
    }

    private static long[] shape(NetworkOptions network) {
        int size = network.getImgResolution();
        return new long[] {network.getImgChannels(), size, size};
    }

    private static void requireSameData(NetworkOptions network, NetworkOptions guide) {
        if (guide.getImgResolution() != network.getImgResolution()
                || guide.getImgChannels() != network.getImgChannels()) {
            throw new CommandException(
                    "--gnet makes images of %s, but --net of %s"
                            .formatted(describe(guide), describe(network)));
        }
        if (guide.getLabelDim() != 0 && guide.getLabelDim() != network.getLabelDim()) {
            throw new CommandException(
                    "--gnet has %s, but --net %d; the guide must have the same or none"
                            .formatted(
                                    Count.of(guide.getLabelDim(), "class", "classes"),
                                    network.getLabelDim()));
        }
    }

    private static String describe(NetworkOptions network) {
        return "%s at %dx%d"
                .formatted(
                        Count.of(network.getImgChannels(), "channel", "channels"),
                        network.getImgResolution(),
                        network.getImgResolution());
    }

    /** The class that the user asks for, or null. */
    private static Integer fixedClass(String text, NetworkFile network) {
        if (text == null) {
            return null;
        }
        int classes = network.options().getLabelDim();
        if (classes == 0) {
            throw new CommandException("--class needs a network with classes, and --net has none");
        }
        return ClassList.of(network.classNames()).find(text, classes);
    }

    @Override
    public void close() {
        if (decoder != null) {
            decoder.close();
        }
    }
}
