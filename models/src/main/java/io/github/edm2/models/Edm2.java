package io.github.edm2.models;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.SafetensorsFile;
import io.github.edm2.ema.TensorFile;
import io.github.edm2.layers.FastGraph;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.models.checkpoint.ModelFileException;
import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.NetworkFileException;
import io.github.edm2.models.checkpoint.NetworkFormat;
import io.github.edm2.models.checkpoint.NetworkSafetensors;
import io.github.edm2.models.checkpoint.OfficialFile;
import io.github.edm2.models.checkpoint.PublishedPreset;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import io.github.edm2.models.training.FiniteAdam;
import io.github.edm2.models.unet.GraphAssembler;
import io.github.edm2.models.unet.NetworkCost;
import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.models.unet.SameDiffAssembler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import lombok.Builder;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.zoo.ModelMetaData;
import org.deeplearning4j.zoo.PretrainedType;
import org.deeplearning4j.zoo.ZooModel;
import org.deeplearning4j.zoo.ZooType;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * EDM2 (Karras et al., "Analyzing and Improving the Training Dynamics of Diffusion Models", CVPR
 * 2024, arXiv:2312.02696) as a model of DL4J's zoo.
 *
 * <p>The network's inputs are {@code image} (noisy images [batch, channels, height, width]), {@code
 * sigma} (noise levels [batch, 1]) and, with classes, {@code label} (one-hot [batch, classes];
 * zeros for no class). Its outputs are {@code denoised} (in the shape of image) and {@code
 * log_variance} ([batch, 1]).
 *
 * <p>{@code score()} of the network is the loss summed over the elements of an image (channels
 * times height times width) and averaged over the batch. Divided by the number of elements, it is
 * the loss per element that the commands print.
 */
@Builder
@SuppressWarnings({"unchecked", "deprecation"}) // ZooModel's own signatures
public class Edm2 extends ZooModel<Edm2> {

    /** Seed of weights and Fourier features. */
    @Builder.Default private long seed = 1234;

    /** {channels, height, width}; null for those of the options. Height and width are equal. */
    private int[] inputShape;

    /** Number of classes, 0 for none; null for that of the options. */
    private Integer numClasses;

    /** Everything else about the network. */
    @Builder.Default private NetworkOptions options = NetworkOptions.builder().build();

    /** Default: {@link FiniteAdam} with the paper's schedule for a batch of 2048. */
    private IUpdater updater;

    @Builder.Default private CacheMode cacheMode = CacheMode.NONE;
    @Builder.Default private WorkspaceMode workspaceMode = WorkspaceMode.ENABLED;

    /** FLOAT or DOUBLE; inputs and labels of other types are cast to it. */
    @Builder.Default private DataType dataType = DataType.FLOAT;

    /** Name of the {@link PublishedPreset} that {@link #initPretrained} loads; null for none. */
    private String pretrained;

    /** Where {@link #initPretrained} finds its file; null for {@link ModelFiles#standard}. */
    private ModelFiles modelFiles;

    /**
     * A builder of a preset's network, see {@link Preset#presets()}; where the official release
     * publishes such a network, {@link #initPretrained} loads the one of the best FID.
     */
    public static Edm2Builder preset(String name) {
        Preset preset = Preset.of(name);
        String published = name + "-fid";
        boolean isPublished =
                PublishedPreset.all().stream().anyMatch(p -> p.name().equals(published));
        return builder()
                .options(preset.network())
                .pretrained(isPublished ? published : null)
                .updater(
                        new FiniteAdam(
                                new LearningRateSchedule(
                                        preset.learningRate(),
                                        preset.decayBatches(),
                                        preset.rampUpImages(),
                                        preset.batch())));
    }

    /**
     * The network of a file in the format of the official PyTorch release.
     *
     * @param file a pickle, see {@link OfficialFile}
     * @return the network with the file's parameters, all in single precision
     * @throws NetworkFileException if the file is missing, damaged, or holds something else
     */
    public static ComputationGraph fromOfficial(Path file) {
        try (OfficialFile official = OfficialFile.open(file)) {
            return builder().build().initFrom(official);
        }
    }

    /**
     * Reads a network file of any kind.
     *
     * @param file see {@link NetworkFormat}
     * @return the network and its options
     * @throws NetworkFileException if the file is missing, damaged, or holds something else
     */
    public static NetworkFile read(Path file) {
        return switch (NetworkFormat.of(file)) {
            case OFFICIAL -> {
                try (OfficialFile official = OfficialFile.open(file)) {
                    yield new NetworkFile(official.options(), builder().build().initFrom(official));
                }
            }
            case SAFETENSORS -> {
                try (SafetensorsFile tensors = new SafetensorsFile(file)) {
                    NetworkOptions options = NetworkSafetensors.options(tensors);
                    yield new NetworkFile(
                            options,
                            load(options, tensors),
                            NetworkSafetensors.classNames(tensors, options));
                }
            }
            case DL4J -> NetworkFile.read(file, false);
        };
    }

    /**
     * Writes a network to a file that every command and {@link #read} take, without the state of
     * its updater.
     *
     * @param network made by this class, trained or not; its options are found from its
     *     configuration
     * @param file created or replaced when it is complete, in an existing folder
     * @throws IllegalArgumentException if its layers are not those of an EDM2 network
     * @throws UncheckedIOException if the file cannot be written; it is then as it was before
     */
    public static void write(ComputationGraph network, Path file) {
        NetworkFile content;
        try {
            content = NetworkFile.of(network);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "Cannot write %s: %s; give a network that Edm2 made, and write others with ModelSerializer"
                            .formatted(file, e.getMessage()),
                    e);
        }
        write(content, file);
    }

    /**
     * The same with the names of the classes, if the content has some.
     *
     * @param content network, options and names
     * @param file as for the other method
     * @throws UncheckedIOException as the other method does
     */
    public static void write(NetworkFile content, Path file) {
        try {
            AtomicFile.write(file, out -> content.write(out, false));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot write %s; check the folder, its permissions and the free space"
                            .formatted(file),
                    e);
        }
    }

    /**
     * Reads the options of a network file of any kind, without its weights.
     *
     * @param file see {@link NetworkFormat}
     * @throws NetworkFileException if the file is missing, damaged, or holds something else
     */
    public static NetworkOptions readOptions(Path file) {
        return switch (NetworkFormat.of(file)) {
            case OFFICIAL -> {
                try (OfficialFile official = OfficialFile.open(file)) {
                    yield official.options();
                }
            }
            case SAFETENSORS -> {
                try (SafetensorsFile tensors = new SafetensorsFile(file)) {
                    yield NetworkSafetensors.options(tensors);
                }
            }
            case DL4J -> NetworkFile.readOptions(file);
        };
    }

    /**
     * Reads the names of the classes of a network file of any kind.
     *
     * @param file see {@link NetworkFormat}
     * @return in the order of their labels; empty if the file has none, as official files do
     * @throws NetworkFileException if the file is missing, damaged, or holds something else
     */
    public static List<String> readClassNames(Path file) {
        return switch (NetworkFormat.of(file)) {
            case OFFICIAL -> List.of();
            case SAFETENSORS -> {
                try (SafetensorsFile tensors = new SafetensorsFile(file)) {
                    yield NetworkSafetensors.classNames(
                            tensors, NetworkSafetensors.options(tensors));
                }
            }
            case DL4J -> NetworkFile.readClassNames(file);
        };
    }

    /**
     * The network of a file that holds nothing but tensors under their official names.
     *
     * @param options what the network was made with
     * @param file the open file
     * @throws NetworkFileException if tensors are missing, unknown or of another shape
     */
    public static ComputationGraph load(NetworkOptions options, TensorFile file) {
        return builder().build().initFrom(options, file);
    }

    /** A network with this model's training configuration, but a file's options and weights. */
    private ComputationGraph initFrom(NetworkOptions stored, TensorFile file) {
        try {
            ComputationGraph graph = new FastGraph(conf(stored));
            // Without random weights, which take longer than reading the file.
            long length = NetworkCost.of(stored).parameters();
            graph.init(Nd4j.createUninitialized(dataType, length), false);
            StateDict.load(graph, file);
            return graph;
        } catch (IllegalArgumentException e) {
            throw new NetworkFileException("%s: %s".formatted(file.path(), e.getMessage()), e);
        }
    }

    private ComputationGraph initFrom(OfficialFile official) {
        ComputationGraph graph = initFrom(official.options(), official);
        if (official.isHalf()) {
            for (Layer layer : graph.getLayers()) {
                if (layer.conf().getLayer() instanceof MpWeightLayer weights) {
                    weights.setHalfPrecisionGain(weights.isLearnedGain());
                }
            }
        }
        return graph;
    }

    /** The options with input shape and classes of the builder. */
    public NetworkOptions networkOptions() {
        NetworkOptions.NetworkOptionsBuilder result = options.toBuilder();
        if (inputShape != null) {
            if (inputShape.length != 3 || inputShape[1] != inputShape[2]) {
                throw new IllegalArgumentException(
                        "inputShape must be {channels, height, width} with equal height and width, got "
                                + java.util.Arrays.toString(inputShape));
            }
            result.imgChannels(inputShape[0]).imgResolution(inputShape[1]);
        }
        if (numClasses != null) {
            result.labelDim(numClasses);
        }
        return result.build().validate();
    }

    /** The network's configuration. */
    public ComputationGraphConfiguration conf() {
        return conf(networkOptions());
    }

    private ComputationGraphConfiguration conf(NetworkOptions network) {
        if (dataType != DataType.FLOAT && dataType != DataType.DOUBLE) {
            throw new IllegalArgumentException(
                    "dataType must be FLOAT or DOUBLE, got %s; images may be of any type, they are cast"
                            .formatted(dataType));
        }
        IUpdater chosen =
                updater == null
                        ? new FiniteAdam(
                                new LearningRateSchedule(
                                        0.01, 70_000, LearningRateSchedule.RAMP_UP_IMAGES, 2048))
                        : updater;
        ComputationGraphConfiguration.GraphBuilder graph =
                new NeuralNetConfiguration.Builder()
                        // Mixed, because ND4J's generator takes a seed of 0 for the time of day.
                        .seed(new SplittableRandom(seed).nextLong())
                        .optimizationAlgo(OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT)
                        .updater(chosen)
                        .miniBatch(true)
                        .cacheMode(cacheMode)
                        .trainingWorkspaceMode(workspaceMode)
                        .inferenceWorkspaceMode(workspaceMode)
                        .dataType(dataType)
                        .graphBuilder();
        return GraphAssembler.assemble(network, graph, seed).build();
    }

    /** The network with fresh weights, whose own verbs are fast. */
    @Override
    public FastGraph init() {
        FastGraph graph = new FastGraph(conf());
        graph.init();
        return graph;
    }

    /**
     * The network of {@link #init} as a SameDiff graph with the same weights, see {@link
     * SameDiffAssembler}. Dropout is part of it.
     */
    public SameDiff initSameDiff() {
        return toSameDiff(init(), true);
    }

    /**
     * A network of this model as a SameDiff graph.
     *
     * @param graph made by this model, trained or not; its weights are copied
     * @param training whether dropout is part of the graph
     */
    public SameDiff toSameDiff(ComputationGraph graph, boolean training) {
        return SameDiffAssembler.assemble(networkOptions(), graph, training);
    }

    /** Parameters and Gflops, part by part. */
    public NetworkCost cost() {
        return NetworkCost.of(networkOptions());
    }

    @Override
    public ModelMetaData metaData() {
        NetworkOptions network = networkOptions();
        int[] image = {
            network.getImgChannels(), network.getImgResolution(), network.getImgResolution()
        };
        return new ModelMetaData(new int[][] {image}, 1, ZooType.CNN);
    }

    @Override
    public void setInputShape(int[][] inputShape) {
        this.inputShape = inputShape[0];
    }

    @Override
    public Class<? extends Model> modelType() {
        return ComputationGraph.class;
    }

    /**
     * The network that the official release publishes under the name {@code pretrained}, found in
     * the cache folder or downloaded; it has the file's options and this model's updater.
     *
     * @param pretrainedType IMAGENET, on which all of them were trained
     * @throws UnsupportedOperationException if nothing is published under that name
     * @throws ModelFileException if the file cannot be downloaded
     * @throws NetworkFileException if the file is damaged
     */
    @Override
    public ComputationGraph initPretrained(PretrainedType pretrainedType) {
        if (pretrainedUrl(pretrainedType) == null) {
            throw new UnsupportedOperationException(
                    "there is no pretrained network of %s; give builder().pretrained one of %s"
                            .formatted(
                                    pretrainedType,
                                    PublishedPreset.all().stream()
                                            .map(PublishedPreset::name)
                                            .toList()));
        }
        Path file = files().find(PublishedPreset.of(pretrained).net(), new LoggedProgress());
        try (OfficialFile official = OfficialFile.open(file)) {
            return initFrom(official);
        }
    }

    private ModelFiles files() {
        return modelFiles == null ? ModelFiles.standard(null) : modelFiles;
    }

    @Override
    public String pretrainedUrl(PretrainedType pretrainedType) {
        return pretrained == null || pretrainedType != PretrainedType.IMAGENET
                ? null
                : files().url(PublishedPreset.of(pretrained).net()).toString();
    }

    /** Not Adler-32 but SHA-256, see {@link ModelFiles}. */
    @Override
    public long pretrainedChecksum(PretrainedType pretrainedType) {
        return 0;
    }
}
