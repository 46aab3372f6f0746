package io.github.edm2.examples.cli;

import io.github.edm2.ema.PowerFunction;
import io.github.edm2.ema.ProfileAt;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.ema.TensorFile;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.OfficialFile;
import io.github.edm2.models.checkpoint.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Raw snapshots of the official PyTorch release: files {@code PREFIX-KIMG-STD.pkl}, where KIMG
 * stands for the next multiple of 1024 images. Only parameters are averaged; the buffers are the
 * same in all of them.
 */
final class OfficialSnapshots implements Snapshots {

    private static final int IMAGES_UNIT = 1024;
    private static final Pattern NAME = Pattern.compile("(.+)-(\\d{1,12})-(\\d+\\.\\d+)\\.pkl");

    /** A file and what its name says. */
    private record Named(Path file, ProfileAt at) {}

    private final List<Named> files;

    private OfficialSnapshots(List<Named> files) {
        this.files = files;
    }

    /**
     * The snapshots of a folder. One of 0 images holds the weights that the training began with, is
     * no average, and is left out.
     *
     * @param prefix what their names begin with; null for the only one there is
     * @return none where the folder has no such file
     * @throws UsageException if no prefix is given and there are several
     */
    static OfficialSnapshots in(Path folder, String prefix) throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(folder)) {
            files = listed.filter(Files::isRegularFile).sorted().toList();
        }
        List<Named> named = new ArrayList<>();
        Set<String> prefixes = new TreeSet<>();
        for (Path file : files) {
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (name.matches() && (prefix == null || prefix.equals(name.group(1)))) {
                long images = toImages(Long.parseLong(name.group(2)));
                if (images > 0) {
                    prefixes.add(name.group(1));
                    named.add(named(file, images, name.group(3)));
                }
            }
        }
        if (prefixes.size() > 1) {
            throw new UsageException(
                    "%s has snapshots of several trainings; choose one with --inprefix: %s"
                            .formatted(folder, String.join(", ", prefixes)));
        }
        named.sort(
                Comparator.<Named>comparingLong(f -> f.at.imageCount())
                        .thenComparing(f -> f.at.profile().sigmaRel()));
        return new OfficialSnapshots(named);
    }

    private static Named named(Path file, long images, String sigmaRel) {
        try {
            PowerFunction profile = new PowerFunction(Double.parseDouble(sigmaRel));
            return new Named(file, new ProfileAt(profile, images));
        } catch (IllegalArgumentException e) {
            throw new CommandException(
                    "the name of %s is no snapshot's: %s".formatted(file, e.getMessage()));
        }
    }

    /** Trainings count in steps of batches, whose image counts are multiples of 1024. */
    private static long toImages(double kimg) {
        return (long) Math.ceil(kimg * KIMG / IMAGES_UNIT) * IMAGES_UNIT;
    }

    boolean isEmpty() {
        return files.isEmpty();
    }

    @Override
    public List<StoredAverage> averages() {
        return files.stream()
                .map(f -> new StoredAverage(f.at, () -> OfficialFile.open(f.file)))
                .toList();
    }

    @Override
    public Map<String, List<Long>> shapes(NetworkFile network) {
        return StateDict.parameters(network.graph());
    }

    @Override
    public long images(double kimg) {
        return toImages(kimg);
    }

    @Override
    public String kimg(long images) {
        return "%07d".formatted(images / KIMG);
    }

    /** In single precision from here on, gains included. */
    @Override
    public NetworkFile network(StoredAverage average) {
        try (TensorFile opened = average.file().get()) {
            OfficialFile file = (OfficialFile) opened;
            return new NetworkFile(file.options(), Edm2.load(file.options(), file));
        }
    }
}
