package io.github.edm2.examples.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.github.edm2.models.Count;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.unet.NetworkCost;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipFile;
import org.slf4j.LoggerFactory;

/** {@code edm2 info}: what a network or a dataset consists of. */
final class InfoCommand implements Command {

    /** What tells an archive of images from one of a network. */
    private static final String LABELS = "dataset.json";

    private static final Setting<Boolean> OPS =
            Setting.of(
                    "ops",
                    Kind.SWITCH,
                    false,
                    "show a network's operations instead of its blocks: calls, parameters, Gflops and share of each");

    @Override
    public String name() {
        return "info";
    }

    @Override
    public String summary() {
        return "Show parameters, Gflops and layers of a network file or preset, or size and classes of a dataset";
    }

    @Override
    public String details() {
        return "Presets: "
                + String.join(", ", Preset.presets().stream().map(Preset::name).toList())
                + ".";
    }

    @Override
    public String operand() {
        return "FOLDER|URL|FILE|PRESET";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(OPS);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) {
        String subject = arguments.operand();
        boolean isPreset = Preset.presets().stream().anyMatch(p -> p.name().equals(subject));
        Path file = Location.KIND.parser().apply(subject).file(out);
        if (!isPreset && !Files.exists(file)) {
            throw new CommandException(
                    "%s is neither a network file nor a preset; the presets are %s"
                            .formatted(
                                    subject,
                                    String.join(
                                            ", ",
                                            Preset.presets().stream().map(Preset::name).toList())));
        }
        boolean ops = arguments.get(OPS);
        if (!isPreset && isDataset(file)) {
            if (ops) {
                throw new UsageException(
                        "--ops shows the operations of a network, but %s is a dataset; leave it out"
                                .formatted(subject));
            }
            describeDataset(file, out);
            return;
        }
        NetworkOptions network = isPreset ? Preset.of(subject).network() : Edm2.readOptions(file);
        out.printf(
                "%s: images of %s at %dx%d, %s%n",
                subject,
                Count.of(network.getImgChannels(), "channel", "channels"),
                network.getImgResolution(),
                network.getImgResolution(),
                Count.of(network.getLabelDim(), "class", "classes"));
        ClassList.of(isPreset ? List.of() : Edm2.readClassNames(file)).showAll(out);
        out.println();
        NetworkCost cost = NetworkCost.of(network);
        out.print(ops ? cost.operationTable() : cost.table());
    }

    private static boolean isDataset(Path file) {
        if (Files.isDirectory(file)) {
            return true;
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return zip.getEntry(LABELS) != null;
        } catch (IOException e) {
            return false; // no archive
        }
    }

    private static void describeDataset(Path path, PrintStream out) {
        try (ImageDataset dataset = openWithoutItsLine(path)) {
            out.println(path + ": " + dataset.inWords());
            ClassList.of(dataset.classNames()).showAll(out);
        }
    }

    /** The log would say what is printed; its warnings stay. */
    private static ImageDataset openWithoutItsLine(Path path) {
        Logger log = (Logger) LoggerFactory.getLogger(ImageDataset.class);
        Level before = log.getLevel();
        log.setLevel(Level.WARN);
        try {
            return ImageDataset.open(path);
        } finally {
            log.setLevel(before);
        }
    }
}
