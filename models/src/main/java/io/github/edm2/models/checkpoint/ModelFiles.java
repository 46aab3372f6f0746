package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.ExclusiveFile;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Finds the files of published networks: in a folder of the user's, in the cache, or else on a web
 * server, from where they are downloaded into the cache.
 *
 * <p>A download that was cut continues where it ended, in this program or a later one, unless the
 * server's file has changed. Its SHA-256 is recorded beside it in {@code <name>.sha256}, for {@code
 * sha256sum -c}; one that is already there, from an earlier download or put there by hand, must be
 * met. A file under its own name in the cache is complete; it is not verified again.
 */
public final class ModelFiles {

    /** Environment variable that names the cache folder. */
    public static final String CACHE_VARIABLE = "EDM2_CACHE";

    /** Environment variable with the URL of the folder to download from. */
    public static final String URL_VARIABLE = "EDM2_MODEL_URL";

    private static final String OFFICIAL_URL =
            "https://nvlabs-fi-cdn.nvidia.com/edm2/posthoc-reconstructions/";

    private static final Pattern WEB = Pattern.compile("https?", Pattern.CASE_INSENSITIVE);

    private static final Pattern WEB_START = Pattern.compile("https?://", Pattern.CASE_INSENSITIVE);

    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

    private final Path modelDir;
    private final Path cacheDir;
    private final URI baseUrl;
    private final Duration timeout;
    private final Duration pause;

    /** Is told how far a download is. */
    @FunctionalInterface
    public interface Progress {

        /**
         * Called at the start of each attempt and after each piece of at most 64 KiB.
         *
         * @param file name of the file
         * @param doneBytes what is on the disk, including what came in earlier attempts
         * @param totalBytes size of the complete file, or -1 if unknown
         */
        void update(String file, long doneBytes, long totalBytes);
    }

    /**
     * Files in the given places.
     *
     * @param modelDir folder with files that the user has downloaded, or null
     * @param cacheDir folder for downloads, created with the first
     * @param baseUrl folder of the files on the server, http or https
     * @throws IllegalArgumentException if the URL is of another kind
     */
    public ModelFiles(Path modelDir, Path cacheDir, URI baseUrl) {
        this(modelDir, cacheDir, baseUrl, Duration.ofSeconds(30), Duration.ofSeconds(1));
    }

    ModelFiles(Path modelDir, Path cacheDir, URI baseUrl, Duration timeout, Duration pause) {
        this.modelDir = modelDir;
        this.cacheDir = Objects.requireNonNull(cacheDir, "cacheDir");
        if (baseUrl.getHost() == null
                || !WEB.matcher(String.valueOf(baseUrl.getScheme())).matches()) {
            throw new IllegalArgumentException(
                    "baseUrl must be like https://host/folder/, got " + baseUrl);
        }
        this.baseUrl = baseUrl.getPath().endsWith("/") ? baseUrl : URI.create(baseUrl + "/");
        this.timeout = timeout;
        this.pause = pause;
    }

    /**
     * Files in the usual places: the cache is the folder {@code EDM2_CACHE} or else {@code
     * ~/.cache/edm2} ({@code XDG_CACHE_HOME} is respected), the server {@code EDM2_MODEL_URL} or
     * else that of the official release.
     *
     * @param modelDir folder with files that the user has downloaded, or null
     * @throws IllegalArgumentException if {@code EDM2_MODEL_URL} is no http or https URL
     */
    public static ModelFiles standard(Path modelDir) {
        return standard(modelDir, System.getenv(), Path.of(System.getProperty("user.home")));
    }

    static ModelFiles standard(Path modelDir, Map<String, String> environment, Path home) {
        String cache = environment.getOrDefault(CACHE_VARIABLE, "");
        // The XDG specification wants relative paths, and thereby empty ones, ignored.
        Path xdg = Path.of(environment.getOrDefault("XDG_CACHE_HOME", ""));
        Path caches = xdg.isAbsolute() ? xdg : home.resolve(".cache");
        String url = environment.getOrDefault(URL_VARIABLE, "");
        return new ModelFiles(
                modelDir,
                cache.isEmpty() ? caches.resolve("edm2") : Path.of(cache),
                URI.create(url.isEmpty() ? OFFICIAL_URL : url));
    }

    /**
     * Where a file is downloaded from.
     *
     * @param fileName such as {@link PublishedPreset#net}
     * @throws IllegalArgumentException if it is not a plain file name
     */
    public URI url(String fileName) {
        if (!PLAIN_NAME.matcher(fileName).matches()) {
            throw new IllegalArgumentException(
                    "fileName must be of letters, digits, dots, dashes and underscores and begin with a letter or digit, got "
                            + fileName);
        }
        return baseUrl.resolve(fileName);
    }

    /**
     * Where a file is that the user has downloaded, or, if there is none, has its place in the
     * cache; nothing is downloaded.
     *
     * @param fileName such as {@code fid.onnx}
     * @throws IllegalArgumentException if it is not a plain file name
     */
    public Path local(String fileName) {
        url(fileName);
        return modelDir != null && Files.isRegularFile(modelDir.resolve(fileName))
                ? modelDir.resolve(fileName)
                : cacheDir.resolve(fileName);
    }

    /**
     * Where an ONNX file of the user's is.
     *
     * @param pathOrName path that ends with {@code .onnx}, or name of a file of {@link #local}
     *     without this ending, such as {@code fid}
     * @throws IllegalArgumentException if it is neither
     */
    public Path onnx(String pathOrName) {
        return pathOrName.endsWith(".onnx") ? Path.of(pathOrName) : local(pathOrName + ".onnx");
    }

    /**
     * Finds a file, downloading it if it is in neither folder.
     *
     * @param fileName such as {@link PublishedPreset#net}
     * @param progress told of a download; what it throws ends the download, which can be continued
     * @throws IllegalArgumentException if it is not a plain file name
     * @throws ModelFileException if it cannot be downloaded or written, is not what was recorded in
     *     {@code <name>.sha256}, or if another program is downloading it
     */
    public Path find(String fileName, Progress progress) {
        URI url = url(fileName);
        return find(url, local(fileName), modelDir != null ? modelDir : cacheDir, progress);
    }

    /** Whether a text is a web address rather than a path: it begins with http:// or https://. */
    public static boolean isWeb(String text) {
        return WEB_START.matcher(text).lookingAt();
    }

    /**
     * Where {@link #fetch} puts the file of a web address: under its own name, in a folder of the
     * cache that no other address has. Nothing is downloaded.
     *
     * @param url http or https
     * @throws IllegalArgumentException if it has no host, or does not end with the name of a file
     */
    public Path cached(URI url) {
        String path = String.valueOf(url.getPath());
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (!isWeb(url.toString())
                || url.getHost() == null
                || !PLAIN_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "url must be like https://host/network.pkl, got " + url);
        }
        UUID folder = UUID.nameUUIDFromBytes(url.toString().getBytes(StandardCharsets.UTF_8));
        return cacheDir.resolve("web").resolve(folder.toString()).resolve(name);
    }

    /**
     * The file of a web address, downloaded into the cache if it is not there.
     *
     * @param url see {@link #cached}
     * @param progress told of a download; what it throws ends the download, which can be continued
     * @throws IllegalArgumentException if it has no host, or does not end with the name of a file
     * @throws ModelFileException as {@link #find(String, Progress)}
     */
    public Path fetch(URI url, Progress progress) {
        Path file = cached(url);
        return find(url, file, file.getParent(), progress);
    }

    /**
     * @param byHand folder into which a user may put the file
     */
    private Path find(URI url, Path file, Path byHand, Progress progress) {
        if (Files.isRegularFile(file)) {
            return file;
        }
        try {
            Files.createDirectories(file.getParent());
            downloadAlone(file, new Download(url, file, timeout, pause, progress));
            return file;
        } catch (FileSystemException e) {
            throw failure(
                    url,
                    byHand,
                    "the cache cannot be written (%s)".formatted(AtomicFile.reason(e)),
                    e);
        } catch (IOException e) {
            throw failure(url, byHand, e.getMessage(), e);
        }
    }

    private ModelFileException failure(URI url, Path byHand, String why, IOException cause) {
        return new ModelFileException(
                "Cannot download %s: %s; the file can also be downloaded by hand into %s"
                        .formatted(url, why, byHand),
                cause);
    }

    /** Two programs that write the same part file would mix it up. */
    private static void downloadAlone(Path file, Download download) throws IOException {
        Path lockFile = beside(file, ".lock");
        try (FileChannel lock =
                ExclusiveFile.open(lockFile)
                        .orElseThrow(
                                () ->
                                        new IOException(
                                                "this or another program is already downloading it"))) {
            // Another program may have finished it since it was looked for.
            if (!Files.isRegularFile(file)) {
                download(file, download);
            }
        } finally {
            // Only now: whoever gets the lock of a deleted file must find nothing left to share.
            if (!Files.exists(beside(file, ".part"))) {
                Files.deleteIfExists(lockFile);
            }
        }
    }

    private static void download(Path file, Download download) throws IOException {
        Path recordFile = beside(file, ".sha256");
        Checksum recorded = Files.exists(recordFile) ? Checksum.read(recordFile) : null;
        Path complete = download.run();
        Checksum actual = Checksum.of(complete);
        if (recorded == null) {
            actual.write(recordFile, file.getFileName().toString());
        } else if (!recorded.equals(actual)) {
            download.discard();
            throw new IOException(
                    "its SHA-256 is %s and not %s as recorded in %s, so it was deleted"
                            .formatted(actual.hex(), recorded.hex(), recordFile));
        }
        AtomicFile.rename(complete, file);
        download.done();
    }

    private static Path beside(Path file, String suffix) {
        return file.resolveSibling(file.getFileName() + suffix);
    }
}
