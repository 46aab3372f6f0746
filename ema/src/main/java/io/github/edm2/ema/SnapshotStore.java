package io.github.edm2.ema;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of power-function averages taken during one training, from which an average of any other
 * length can be reconstructed afterwards (Karras et al., arXiv:2312.02696, section 3.2).
 *
 * <p>One safetensors file per snapshot, readable from Python too, and {@code manifest.json}, which
 * lists them with their checksums. A crash at any moment leaves a store that opens: files that the
 * manifest does not list are ignored. A lost manifest can be made again from the files. One process
 * may write to a store at a time, and one thread may use an object of this class.
 */
public final class SnapshotStore {

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotStore.class);
    private static final String MANIFEST = "manifest.json";
    static final String SUFFIX = ".safetensors";
    static final String SIGMA_REL = "sigmaRel";
    static final String IMAGE_COUNT = "imageCount";

    private final Path folder;
    private Manifest manifest;

    private SnapshotStore(Path folder, Manifest manifest) {
        this.folder = folder;
        this.manifest = manifest;
    }

    /**
     * Opens an existing store.
     *
     * @param folder the store's folder
     * @return the store with the snapshots listed at this moment
     * @throws SnapshotException if there is no store or its manifest is damaged
     */
    public static SnapshotStore open(Path folder) {
        if (!isIn(folder)) {
            throw new SnapshotException(
                    "%s holds no snapshots: it has no %s".formatted(folder, MANIFEST));
        }
        return new SnapshotStore(folder, Manifest.read(folder.resolve(MANIFEST)));
    }

    /**
     * Opens a store without its manifest, from what the snapshot files tell. Nothing is written;
     * {@link #writeManifest} makes the manifest again. Every file is read once, for its checksum.
     *
     * @param folder the store's folder
     * @return the store of the whole snapshots, and what was left out
     * @throws SnapshotException if no file is a whole snapshot, two have the same sigmaRel and
     *     image count, or they belong to several networks
     */
    public static RebuiltStore rebuild(Path folder) {
        try {
            FolderContents contents = FolderContents.read(folder);
            return new RebuiltStore(
                    new SnapshotStore(folder, contents.manifest()), contents.leftOut());
        } catch (IOException e) {
            throw new SnapshotException("cannot read " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Whether a folder has lost its manifest: it has files that may be snapshots and no manifest.
     *
     * @param folder any folder
     * @return whether {@link #rebuild} can be tried
     * @throws SnapshotException if the folder cannot be read
     */
    public static boolean lacksManifest(Path folder) {
        try {
            return !isIn(folder) && FolderContents.isPromising(folder);
        } catch (IOException e) {
            throw new SnapshotException("cannot read " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Writes the manifest of what this store holds, atomically.
     *
     * @throws SnapshotException if it cannot be written; nothing is changed then
     */
    public void writeManifest() {
        publish(manifest);
    }

    /**
     * Opens a store to add snapshots of a model, creating it if there is none. A lost manifest is
     * made again from the files.
     *
     * @param folder the store's folder, created if need be
     * @param model the model whose averages will be stored
     * @return the store
     * @throws SnapshotException if the store belongs to another network or cannot be created
     */
    public static SnapshotStore openOrCreate(Path folder, Model model) {
        return openOrCreate(folder, Weights.of(model));
    }

    /**
     * Opens a store to add snapshots of a SameDiff graph, creating it if there is none.
     *
     * @param folder the store's folder, created if need be
     * @param graph the graph whose averages will be stored
     * @return the store
     * @throws SnapshotException if the store belongs to another graph or cannot be created
     */
    public static SnapshotStore openOrCreate(Path folder, SameDiff graph) {
        return openOrCreate(folder, Weights.of(graph));
    }

    static SnapshotStore openOrCreate(Path folder, Weights weights) {
        if (lacksManifest(folder)) {
            RebuiltStore rebuilt = rebuild(folder);
            rebuilt.leftOut().forEach(why -> LOG.warn("left out of the new manifest: {}", why));
            rebuilt.store().requireSameNetwork(weights);
            rebuilt.store().writeManifest();
            return rebuilt.store();
        }
        if (isIn(folder)) {
            SnapshotStore store = open(folder);
            store.requireSameNetwork(weights);
            return store;
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new SnapshotException("cannot create " + folder + ": " + AtomicFile.reason(e), e);
        }
        SnapshotStore store = new SnapshotStore(folder, new Manifest(weights.layout(), List.of()));
        store.publish(store.manifest);
        return store;
    }

    /**
     * Whether a folder holds a store.
     *
     * @param folder any folder
     * @return whether it has a manifest, which {@link #open} reads
     */
    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(MANIFEST));
    }

    private void requireSameNetwork(Weights weights) {
        weights.layout()
                .differenceFrom(manifest.layout())
                .ifPresent(
                        difference -> {
                            throw new SnapshotException(
                                    String.format(
                                            "%s holds snapshots of another network: %s; choose"
                                                    + " another folder",
                                            folder, difference));
                        });
    }

    /**
     * Whether a file is one of a store's snapshots.
     *
     * @param file any safetensors file
     * @return whether its header says so
     */
    public static boolean isSnapshot(SafetensorsFile file) {
        return file.metadata().containsKey(SIGMA_REL);
    }

    /**
     * The stored snapshots.
     *
     * @return snapshots in the order of addition
     */
    public List<Snapshot> snapshots() {
        return manifest.snapshots();
    }

    /**
     * Time of the latest snapshot.
     *
     * @return images since the start of the training, 0 if nothing is stored
     */
    public long lastImageCount() {
        return snapshots().stream().mapToLong(Snapshot::imageCount).max().orElse(0);
    }

    /**
     * Stores an average. Replaces, atomically, one of the same sigmaRel and image count.
     *
     * @param sigmaRel relative standard deviation of the average, in (0, 0.289)
     * @param imageCount images since the start of the training, positive
     * @param average the weights
     * @param type {@link DataType#FLOAT}, or {@link DataType#FLOAT16} for half the size and a
     *     relative rounding error of 2^-11, which reconstruction multiplies by its largest
     *     coefficient
     * @return the manifest's entry
     * @throws SnapshotException if the weights belong to another network or cannot be written (the
     *     store is then unchanged)
     */
    public Snapshot add(double sigmaRel, long imageCount, Weights average, DataType type) {
        requireSnapshotType(type);
        requireSameNetwork(average);
        ProfileAt at = new ProfileAt(new PowerFunction(sigmaRel), imageCount);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        manifest.layout().shapes().keySet().forEach(n -> tensors.put(n, average.get(n)));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(SIGMA_REL, Double.toString(sigmaRel));
        metadata.put(IMAGE_COUNT, Long.toString(imageCount));
        SafetensorsWriter.Written written =
                AtomicFile.write(
                        folder.resolve(".snapshot.tmp"),
                        w -> folder.resolve(fileName(at, w)),
                        channel -> SafetensorsWriter.write(channel, tensors, type, metadata));
        Snapshot snapshot =
                new Snapshot(at, type, fileName(at, written), written.bytes(), written.crc32c());
        List<Snapshot> listed = new ArrayList<>();
        List<Snapshot> replaced = new ArrayList<>();
        snapshots().forEach(s -> (s.at().equals(at) ? replaced : listed).add(s));
        listed.add(snapshot);
        publish(new Manifest(manifest.layout(), listed));
        replaced.stream().filter(s -> !s.file().equals(snapshot.file())).forEach(this::delete);
        return snapshot;
    }

    static void requireSnapshotType(DataType type) {
        if (type != DataType.FLOAT && type != DataType.FLOAT16) {
            throw new IllegalArgumentException("snapshots are FLOAT or FLOAT16, got " + type);
        }
    }

    /** The checksum in the name keeps a replaced file until the manifest has changed. */
    private static String fileName(ProfileAt at, SafetensorsWriter.Written written) {
        String checksum = written.crc32c();
        return "ema-" + at.profile().sigmaRel() + "-" + at.imageCount() + "-" + checksum + SUFFIX;
    }

    private void publish(Manifest next) {
        AtomicFile.write(
                folder.resolve(".manifest.tmp"), w -> folder.resolve(MANIFEST), next::writeTo);
        manifest = next;
    }

    private void delete(Snapshot snapshot) {
        try {
            Files.deleteIfExists(folder.resolve(snapshot.file()));
        } catch (IOException e) {
            // The replacement is already stored; an unlisted file only takes space.
            LOG.warn("cannot delete the replaced {}: {}", snapshot.file(), AtomicFile.reason(e));
        }
    }

    /**
     * Reads one snapshot and checks it.
     *
     * @param snapshot an entry of {@link #snapshots()}
     * @return its weights in float
     * @throws SnapshotException if the file is missing, damaged or of another network
     */
    public Weights read(Snapshot snapshot) {
        Weights weights = Weights.uninitialized(manifest.layout(), DataType.FLOAT);
        try (SafetensorsFile file = open(snapshot)) {
            weights.asMap().forEach(file::read);
        }
        return weights;
    }

    /**
     * Reconstructs averages at the time of the latest snapshot.
     *
     * @param sigmaRel wanted relative standard deviations, all different, each in (0, 0.289)
     * @return the averages with their predicted errors
     * @throws IllegalArgumentException if the store is empty or a sigmaRel is wrong or repeated
     * @throws SnapshotException if a snapshot is missing, damaged or of another network
     */
    public Reconstruction reconstruct(double... sigmaRel) {
        return reconstructAt(lastImageCount(), sigmaRel);
    }

    /**
     * Reconstructs averages as they would have stood at some moment of the training, from the
     * snapshots up to that moment. Reads every snapshot once, whatever the number of averages, and
     * keeps one float network per average in memory (Algorithm 3).
     *
     * @param imageCount the moment, in images, between the first and the latest snapshot
     * @param sigmaRel wanted relative standard deviations, all different, each in (0, 0.289)
     * @return the averages with their predicted errors
     * @throws IllegalArgumentException if the moment is outside the stored ones or a sigmaRel is
     *     wrong or repeated
     * @throws SnapshotException if a snapshot is missing, damaged or of another network
     */
    public Reconstruction reconstructAt(long imageCount, double... sigmaRel) {
        return new PosthocReconstruction(shapes(), averages(), elements -> {})
                .at(imageCount, sigmaRel);
    }

    /**
     * What a {@link PosthocReconstruction} starts from, for those who choose among the snapshots.
     *
     * @return the stored averages, in the order of {@link #snapshots()}
     */
    public List<StoredAverage> averages() {
        return snapshots().stream().map(s -> new StoredAverage(s.at(), () -> open(s))).toList();
    }

    /**
     * Shapes of the network's parameters.
     *
     * @return shapes by name, in the order of storage
     */
    public Map<String, List<Long>> shapes() {
        return manifest.layout().shapes();
    }

    private SafetensorsFile open(Snapshot snapshot) {
        Path file = folder.resolve(snapshot.file());
        try {
            if (Files.size(file) != snapshot.bytes()) {
                throw new SnapshotException(
                        String.format(
                                "%s is damaged: it has %d bytes instead of %d",
                                file, Files.size(file), snapshot.bytes()));
            }
        } catch (IOException e) {
            throw new SnapshotException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
        SafetensorsFile opened = new SafetensorsFile(file, snapshot.crc32c());
        try {
            opened.requireLayout(manifest.layout());
            return opened;
        } catch (SnapshotException e) {
            opened.close();
            throw e;
        }
    }
}
