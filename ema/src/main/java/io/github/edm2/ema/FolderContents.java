package io.github.edm2.ema;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What the snapshot files of a folder tell without a manifest: profile and time stand in their
 * headers, the checksum in their names. Every file is read once for its checksum.
 *
 * @param manifest the whole snapshots, by image count, then sigmaRel
 * @param leftOut a sentence for each file that is damaged or tells too little
 */
record FolderContents(Manifest manifest, List<String> leftOut) {

    private static final Pattern CHECKSUM =
            Pattern.compile(".*-([0-9a-f]{8})" + Pattern.quote(SnapshotStore.SUFFIX));

    /** Whether the folder has files that may be snapshots. */
    static boolean isPromising(Path folder) throws IOException {
        return Files.isDirectory(folder) && !files(folder).isEmpty();
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> listed = Files.list(folder)) {
            return listed.filter(f -> f.getFileName().toString().endsWith(SnapshotStore.SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    /**
     * Reads the folder.
     *
     * @throws SnapshotException if no file is a whole snapshot, two have the same profile and time,
     *     or they belong to several networks
     */
    static FolderContents read(Path folder) throws IOException {
        Map<ProfileAt, Snapshot> snapshots = new LinkedHashMap<>();
        List<String> leftOut = new ArrayList<>();
        ParameterLayout layout = null;
        for (Path path : files(folder)) {
            Entry entry;
            try {
                entry = Entry.of(path);
            } catch (SnapshotException e) {
                leftOut.add(e.getMessage());
                continue;
            }
            layout = layout == null ? entry.layout : layout;
            requireSame(layout, entry.layout, path);
            Snapshot same = snapshots.put(entry.snapshot.at(), entry.snapshot);
            if (same != null) {
                throw new SnapshotException(
                        "%s and %s in %s are of the same sigmaRel and image count; delete the one that is not wanted"
                                .formatted(same.file(), entry.snapshot.file(), folder));
            }
        }
        if (layout == null) {
            throw new SnapshotException(
                    "%s has no whole snapshot to make a manifest from%s"
                            .formatted(folder, leftOut.isEmpty() ? "" : ": " + leftOut.get(0)));
        }
        List<Snapshot> listed =
                snapshots.values().stream()
                        .sorted(
                                Comparator.comparingLong(Snapshot::imageCount)
                                        .thenComparing(Snapshot::sigmaRel))
                        .toList();
        return new FolderContents(new Manifest(layout, listed), List.copyOf(leftOut));
    }

    private static void requireSame(ParameterLayout expected, ParameterLayout found, Path file) {
        found.differenceFrom(expected)
                .ifPresent(
                        difference -> {
                            throw new SnapshotException(
                                    "%s belongs to another network than the files before it: %s; move it elsewhere"
                                            .formatted(file, difference));
                        });
    }

    /** A whole snapshot and the network it is of. */
    private record Entry(Snapshot snapshot, ParameterLayout layout) {

        /**
         * @throws SnapshotException if the file is damaged or tells too little
         */
        static Entry of(Path path) throws IOException {
            try (SafetensorsFile file = new SafetensorsFile(path)) {
                Map<String, List<Long>> shapes = new LinkedHashMap<>();
                file.tensors().forEach((name, info) -> shapes.put(name, info.shape()));
                Snapshot snapshot =
                        new Snapshot(
                                at(file),
                                type(file),
                                path.getFileName().toString(),
                                Files.size(path),
                                checksum(path));
                return new Entry(snapshot, new ParameterLayout(shapes));
            }
        }

        private static ProfileAt at(SafetensorsFile file) {
            try {
                return new ProfileAt(
                        new PowerFunction(file.metadataNumber(SnapshotStore.SIGMA_REL)),
                        file.metadataCount(SnapshotStore.IMAGE_COUNT));
            } catch (IllegalArgumentException e) {
                throw new SnapshotException(file.path() + " is damaged: " + e.getMessage(), e);
            }
        }

        private static DataType type(SafetensorsFile file) {
            List<DataType> types =
                    file.tensors().values().stream().map(TensorFile.Info::type).distinct().toList();
            if (types.size() != 1) {
                throw new SnapshotException(
                        file.path() + " is no snapshot: its tensors are of the types " + types);
            }
            return types.get(0);
        }

        /** The checksum of the bytes, which the name has to agree with where it has one. */
        private static String checksum(Path path) throws IOException {
            CRC32C checksum = new CRC32C();
            try (InputStream in = new CheckedInputStream(Files.newInputStream(path), checksum)) {
                in.transferTo(OutputStream.nullOutputStream());
            }
            String found = SafetensorsWriter.hexadecimal(checksum);
            Matcher name = CHECKSUM.matcher(path.getFileName().toString());
            if (name.matches() && !name.group(1).equals(found)) {
                throw new SnapshotException(path + " is damaged: its CRC-32C is not its name's");
            }
            return found;
        }
    }
}
