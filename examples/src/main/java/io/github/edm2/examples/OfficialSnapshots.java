package io.github.edm2.examples;

import io.github.edm2.ema.PowerFunction;
import io.github.edm2.ema.ProfileAt;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.OfficialFile;
import io.github.edm2.models.checkpoint.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** A file and what its name says. */
    private record Named(Path file, ProfileAt at) {}

    private final List<Named> files;

    private OfficialSnapshots(List<Named> files) {
        this.files = files;
    }

    /**
     * The snapshots of a folder.
     *
     * @param prefix what their names begin with
     * @return none where the folder has no such file
     */
    static OfficialSnapshots in(Path folder, String prefix) throws IOException {
        Pattern pattern =
                Pattern.compile(Pattern.quote(prefix) + "-(\\d{1,12})-(\\d+\\.\\d+)\\.pkl");
        try (Stream<Path> listed = Files.list(folder)) {
            return new OfficialSnapshots(
                    listed.map(file -> named(file, pattern))
                            .flatMap(Optional::stream)
                            .sorted(
                                    Comparator.<Named>comparingLong(f -> f.at.imageCount())
                                            .thenComparing(f -> f.at.profile().sigmaRel()))
                            .toList());
        }
    }

    private static Optional<Named> named(Path file, Pattern pattern) {
        Matcher name = pattern.matcher(file.getFileName().toString());
        if (!name.matches()) {
            return Optional.empty();
        }
        try {
            PowerFunction profile = new PowerFunction(Double.parseDouble(name.group(2)));
            long images = toImages(Double.parseDouble(name.group(1)));
            return Optional.of(new Named(file, new ProfileAt(profile, images)));
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

    private Path last() {
        return files.get(files.size() - 1).file;
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
    public NetworkFile network() {
        try (OfficialFile last = OfficialFile.open(last())) {
            return new NetworkFile(last.options(), Edm2.load(last.options(), last));
        }
    }
}
