package io.github.edm2.examples;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.unet.NetworkCost;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code edm2 info}: what a network consists of. */
final class InfoCommand implements Command {

    @Override
    public String name() {
        return "info";
    }

    @Override
    public String summary() {
        return "Show parameters, Gflops and layers of a network file or preset";
    }

    @Override
    public String details() {
        return "Presets: "
                + String.join(", ", Preset.presets().stream().map(Preset::name).toList())
                + ".";
    }

    @Override
    public String operand() {
        return "FILE|PRESET";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of();
    }

    @Override
    public void run(Arguments arguments, PrintStream out) {
        String subject = arguments.operand();
        boolean isPreset = Preset.presets().stream().anyMatch(p -> p.name().equals(subject));
        Path file = Kind.FILE.parser().apply(subject);
        if (!isPreset && !Files.exists(file)) {
            throw new CommandException(
                    "%s is neither a network file nor a preset; the presets are %s"
                            .formatted(
                                    subject,
                                    String.join(
                                            ", ",
                                            Preset.presets().stream().map(Preset::name).toList())));
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
        out.print(NetworkCost.of(network).table());
    }
}
