package io.github.edm2.examples.cli;

import io.github.edm2.ema.SafetensorsFile;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.ema.Weights;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.NetworkFormat;
import io.github.edm2.models.checkpoint.NetworkSafetensors;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code edm2 convert}: writes a network in another format. */
final class ConvertCommand implements Command {

    private static final Setting<Location> FROM =
            Setting.required(
                    "from",
                    Location.KIND,
                    "network file: official pickle, DL4J zip or safetensors; or a snapshot of a training run");
    private static final Setting<Path> TO =
            Setting.required(
                    "to",
                    Kind.OUTPUT_FILE,
                    "file to write; its name ends with .zip or .safetensors");
    private static final Setting<Location> LIKE =
            Setting.derived(
                    "like",
                    Location.KIND,
                    "what --from tells",
                    "network file or preset with the options of --from, where that does not tell them");

    @Override
    public String name() {
        return "convert";
    }

    @Override
    public String summary() {
        return "Convert a network between official pickle, DL4J zip and safetensors";
    }

    @Override
    public String details() {
        return "Tensors in safetensors have the names of the official release's state dictionary, so that"
                + " PyTorch loads them with load_state_dict.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(FROM, TO, LIKE);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Path to = arguments.get(TO);
        NetworkType type = NetworkType.of(to);
        NetworkFile network =
                read(arguments.get(FROM).file(out), Location.file(arguments.get(LIKE), out));
        Files.createDirectories(to.toAbsolutePath().getParent());
        type.write(to, network);
        out.printf(
                "wrote %s: %,d parameters, %,d bytes%n",
                to, network.graph().params().length(), Files.size(to));
    }

    private static NetworkFile read(Path from, Path like) {
        if (NetworkFormat.of(from) != NetworkFormat.SAFETENSORS) {
            if (like != null) {
                throw new UsageException("--like is for safetensors; " + from + " needs none");
            }
            return Edm2.read(from);
        }
        try (SafetensorsFile file = new SafetensorsFile(from)) {
            if (SnapshotStore.isSnapshot(file)) {
                NetworkFile network = Edm2.read(networkOf(from, like));
                Weights.of(network.graph()).read(file);
                return network;
            }
            NetworkOptions options =
                    like == null ? NetworkSafetensors.options(file) : options(like);
            return new NetworkFile(
                    options,
                    Edm2.load(options, file),
                    NetworkSafetensors.classNames(file, options));
        }
    }

    /** Snapshots lack the buffers, which are the same in every network of a training. */
    private static Path networkOf(Path snapshot, Path like) {
        Path run = snapshot.toAbsolutePath().normalize().getParent().getParent();
        Path network = like == null ? run.resolve(TrainingRun.NETWORK) : like;
        if (!Files.exists(network)) {
            throw new CommandException(
                    "%s is a snapshot, and there is no %s of its training; give a network file of the training with --like"
                            .formatted(snapshot, network));
        }
        return network;
    }

    private static NetworkOptions options(Path like) {
        boolean preset = Preset.presets().stream().anyMatch(p -> p.name().equals(like.toString()));
        return preset ? Preset.of(like.toString()).network() : Edm2.readOptions(like);
    }
}
