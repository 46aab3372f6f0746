package io.github.edm2.models.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.math.BigInteger;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Finding and downloading files, with a server on this machine. */
@Timeout(10)
class ModelFilesTest {

    private static final String NAME = "edm2-img64-s-0.040.pkl";
    private static final String ETAG = "\"one\"";
    private static final int SIZE = 200_000;
    private static final int HALF = SIZE / 2;
    private static final int ATTEMPTS = 5;
    private static final byte[] CONTENT = random(1, SIZE);

    /** Long enough for a busy machine where the server answers. */
    private static final Duration PATIENT = Duration.ofSeconds(5);

    private static final Duration IMPATIENT = Duration.ofMillis(100);

    @TempDir private Path folder;
    private Path modelDir;
    private Path cache;
    private FileServer server;

    @BeforeEach
    void start() throws IOException {
        modelDir = Files.createDirectory(folder.resolve("models"));
        cache = folder.resolve("not/yet/there");
        server = new FileServer(CONTENT, ETAG);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static byte[] random(long seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private ModelFiles files(Duration timeout) {
        return new ModelFiles(modelDir, cache, server.url(), timeout, Duration.ZERO);
    }

    private Path find() {
        return files(PATIENT).find(NAME, (file, done, total) -> {});
    }

    private String failure(ModelFiles files) {
        return assertThrows(
                        ModelFileException.class, () -> files.find(NAME, (file, done, total) -> {}))
                .getMessage();
    }

    private String failure() {
        return failure(files(PATIENT));
    }

    /** Puts a part file into the cache. */
    private void part(byte[] bytes, String etag) throws IOException {
        Files.createDirectories(cache);
        Files.write(cache.resolve(NAME + ".part"), bytes);
        Files.writeString(cache.resolve(NAME + ".part.etag"), etag);
    }

    private Set<String> cached() throws IOException {
        try (Stream<Path> list = Files.list(cache)) {
            return list.map(file -> file.getFileName().toString())
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private List<String> ranges() {
        return server.requests().stream().map(FileServer.Request::range).toList();
    }

    private static String sha256(byte[] bytes) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        return String.format("%064x", new BigInteger(1, digest));
    }

    /** The file is there under its name, with its checksum and nothing else. */
    private void assertDownloaded(Path file) throws IOException {
        assertEquals(cache.resolve(NAME), file);
        assertArrayEquals(CONTENT, Files.readAllBytes(file));
        assertEquals(Set.of(NAME, NAME + ".sha256"), cached());
    }

    private void assertNotThere() {
        assertFalse(Files.exists(cache.resolve(NAME)));
        assertFalse(Files.exists(cache.resolve(NAME + ".sha256")));
    }

    @Test
    void downloadsIntoTheCache() throws Exception {
        assertDownloaded(find());
        assertEquals(
                List.of(new FileServer.Request("/folder/" + NAME, null, null)), server.requests());
    }

    @Test
    void recordsTheChecksumForSha256sum() throws Exception {
        find();
        assertEquals(
                sha256(CONTENT) + "  " + NAME + "\n",
                Files.readString(cache.resolve(NAME + ".sha256")));
    }

    @Test
    void tellsTheProgress() {
        List<Long> done = new ArrayList<>();
        files(PATIENT)
                .find(
                        NAME,
                        (file, bytes, total) -> {
                            assertEquals(NAME, file);
                            assertEquals(SIZE, total);
                            done.add(bytes);
                        });
        assertEquals(0, done.get(0));
        assertEquals(SIZE, done.get(done.size() - 1));
        assertEquals(done.stream().sorted().distinct().toList(), done);
    }

    @Test
    void downloadsAFileOfUnknownSize() throws Exception {
        server.next(
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write(CONTENT);
                });
        List<Long> totals = new ArrayList<>();
        assertDownloaded(files(PATIENT).find(NAME, (file, done, total) -> totals.add(total)));
        assertEquals(Set.of(-1L), Set.copyOf(totals));
    }

    @Test
    void followsRedirects() throws Exception {
        server.next(
                exchange -> {
                    exchange.getResponseHeaders().set("Location", "/elsewhere");
                    exchange.sendResponseHeaders(302, -1);
                });
        assertDownloaded(find());
        assertEquals("/elsewhere", server.requests().get(1).path());
    }

    @Test
    void prefersTheModelFolderAndAsksNoServer() throws Exception {
        Files.createDirectories(cache);
        Files.write(cache.resolve(NAME), CONTENT);
        Path own = Files.writeString(modelDir.resolve(NAME), "by hand");
        assertEquals(own, find());
        assertEquals(List.of(), server.requests());
    }

    @Test
    void takesACachedFileWithoutAskingTheServer() throws Exception {
        find();
        assertEquals(1, server.requests().size());
        assertDownloaded(find());
        assertEquals(1, server.requests().size());
    }

    @Test
    void continuesAHalfDownload() throws Exception {
        part(Arrays.copyOf(CONTENT, HALF), ETAG);
        List<Long> done = new ArrayList<>();
        assertDownloaded(
                files(PATIENT)
                        .find(
                                NAME,
                                (file, bytes, total) -> {
                                    assertEquals(SIZE, total);
                                    done.add(bytes);
                                }));
        assertEquals(
                List.of(new FileServer.Request("/folder/" + NAME, "bytes=" + HALF + "-", ETAG)),
                server.requests());
        assertEquals(HALF, done.get(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "W/\"one\"", "\"on"})
    void beginsAnewWithoutAUsableEtag(String etag) throws Exception {
        part(random(2, HALF), etag);
        assertDownloaded(find());
        assertNull(server.requests().get(0).range());
    }

    @Test
    void beginsAnewWhenTheServerIgnoresRanges() throws Exception {
        part(random(2, HALF), ETAG);
        server.next(exchange -> FileServer.send(exchange, 200, CONTENT));
        assertDownloaded(find());
        assertEquals(List.of("bytes=" + HALF + "-"), ranges());
    }

    @Test
    void beginsAnewWhenTheFileHasChanged() throws Exception {
        part(random(2, HALF), "\"old\"");
        assertDownloaded(find());
        assertEquals("\"old\"", server.requests().get(0).ifRange());
    }

    @Test
    void beginsAnewWhenAServerContinuesAChangedFile() throws Exception {
        part(random(2, HALF), "\"old\"");
        server.next(
                exchange -> {
                    exchange.getResponseHeaders().set("ETag", ETAG);
                    sendRange(exchange, HALF, SIZE);
                });
        assertDownloaded(find());
        assertEquals(Arrays.asList("bytes=" + HALF + "-", null), ranges());
    }

    private static void sendRange(HttpExchange exchange, int start, int end) throws IOException {
        exchange.getResponseHeaders()
                .set("Content-Range", "bytes %d-%d/%d".formatted(start, end - 1, SIZE));
        FileServer.send(exchange, 206, Arrays.copyOfRange(CONTENT, start, end));
    }

    @Test
    void beginsAnewWhenAnotherRangeComes() throws Exception {
        part(Arrays.copyOf(CONTENT, HALF), ETAG);
        server.next(exchange -> sendRange(exchange, HALF + 1, SIZE));
        assertDownloaded(find());
        assertEquals(Arrays.asList("bytes=" + HALF + "-", null), ranges());
    }

    @Test
    void continuesWhenLessOfTheRangeComes() throws Exception {
        part(Arrays.copyOf(CONTENT, HALF), ETAG);
        server.next(exchange -> sendRange(exchange, HALF, HALF + 1000));
        assertDownloaded(find());
        assertEquals(List.of("bytes=" + HALF + "-", "bytes=" + (HALF + 1000) + "-"), ranges());
    }

    @Test
    void finishesAPartFileThatIsComplete() throws Exception {
        part(CONTENT, ETAG);
        assertDownloaded(find());
        assertEquals(List.of("bytes=" + SIZE + "-"), ranges());
    }

    @Test
    void beginsAnewWhenThePartFileIsTooLong() throws Exception {
        part(random(2, SIZE + 1), ETAG);
        assertDownloaded(find());
        assertEquals(Arrays.asList("bytes=" + (SIZE + 1) + "-", null), ranges());
    }

    @Test
    void continuesAfterTheConnectionWasCut() throws Exception {
        server.next(server.cutAfter(HALF));
        assertDownloaded(find());
        assertEquals(2, server.requests().size());
        String range = server.requests().get(1).range();
        // What was under way when the connection was cut may be lost.
        long start = Long.parseLong(range.substring("bytes=".length(), range.length() - 1));
        assertTrue(start > 0 && start <= HALF, range);
        assertEquals(ETAG, server.requests().get(1).ifRange());
    }

    @Test
    void keepsWhatHasComeWhenTheConnectionIsCutTooOften() throws Exception {
        server.next(server.cutAfter(HALF));
        for (int i = 1; i < ATTEMPTS; i++) {
            server.next(exchange -> exchange.sendResponseHeaders(503, -1));
        }
        failure();
        assertEquals(ATTEMPTS, server.requests().size());
        assertNotThere();
        byte[] part = Files.readAllBytes(cache.resolve(NAME + ".part"));
        assertTrue(part.length > 0 && part.length <= HALF, "length " + part.length);
        assertArrayEquals(Arrays.copyOf(CONTENT, part.length), part);

        assertDownloaded(find());
        assertEquals("bytes=" + part.length + "-", ranges().get(ATTEMPTS));
    }

    @Test
    void triesAgainWhenTheServerIsBusy() throws Exception {
        server.next(exchange -> exchange.sendResponseHeaders(503, -1));
        assertDownloaded(find());
    }

    @Test
    void failsWhenTheServerHasNoSuchFile() {
        server.next(exchange -> exchange.sendResponseHeaders(404, -1));
        assertEquals(
                "Cannot download %s: the server answered with status 404; the file can also be downloaded by hand into %s"
                        .formatted(server.url().resolve(NAME), modelDir),
                failure());
        assertEquals(1, server.requests().size());
        assertNotThere();
    }

    @Test
    void namesTheCacheWhenThereIsNoModelFolder() {
        server.next(exchange -> exchange.sendResponseHeaders(403, -1));
        String message = failure(new ModelFiles(null, cache, server.url(), PATIENT, Duration.ZERO));
        assertTrue(message.contains("status 403"), message);
        assertTrue(message.endsWith("by hand into " + cache), message);
    }

    @Test
    void failsWhenFewerBytesComeThanAnnounced() throws Exception {
        for (int i = 0; i < ATTEMPTS; i++) {
            server.next(exchange -> sendRange(exchange, 0, HALF));
        }
        String message = failure();
        assertTrue(message.contains(": " + HALF + " bytes came of " + SIZE + ";"), message);
        assertNotThere();
    }

    @Test
    void failsWithoutAServer() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        URI url = URI.create("http://localhost:" + port + "/");
        String message = failure(new ModelFiles(modelDir, cache, url, PATIENT, Duration.ZERO));
        assertEquals(
                "Cannot download %s: there is no connection to localhost:%d; the file can also be downloaded by hand into %s"
                        .formatted(url.resolve(NAME), port, modelDir),
                message);
    }

    @Test
    void failsWithAnUnknownHost() {
        URI url = URI.create("http://nowhere.invalid/");
        String message = failure(new ModelFiles(modelDir, cache, url, PATIENT, Duration.ZERO));
        assertTrue(message.contains("no connection to nowhere.invalid;"), message);
    }

    @Test
    void acceptsAFileWithTheRecordedChecksum() throws Exception {
        Files.createDirectories(cache);
        Files.writeString(
                cache.resolve(NAME + ".sha256"), sha256(CONTENT).toUpperCase() + " *" + NAME);
        assertDownloaded(find());
    }

    @Test
    void deletesAFileWithAnotherChecksumThanRecorded() throws Exception {
        Files.createDirectories(cache);
        Path record = cache.resolve(NAME + ".sha256");
        String other = sha256("other".getBytes(StandardCharsets.UTF_8));
        Files.writeString(record, other + "  " + NAME + "\n");
        String message = failure();
        assertTrue(
                message.contains(
                        "its SHA-256 is %s and not %s as recorded in %s, so it was deleted;"
                                .formatted(sha256(CONTENT), other, record)),
                message);
        assertEquals(Set.of(NAME + ".sha256"), cached());
        assertEquals(other + "  " + NAME + "\n", Files.readString(record));
    }

    @Test
    void downloadsNothingWhenTheRecordedChecksumIsUnreadable() throws Exception {
        Files.createDirectories(cache);
        Files.writeString(cache.resolve(NAME + ".sha256"), "none");
        String message = failure();
        assertTrue(message.contains(".sha256 does not hold a SHA-256 checksum;"), message);
        assertEquals(List.of(), server.requests());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "../x", "a/b", "a\\b", "/x", ".x", "a b", "x?y", "x\n"})
    void refusesWhatIsNoPlainName(String name) {
        ModelFiles files = files(PATIENT);
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> files.find(name, (file, done, total) -> {}))
                        .getMessage();
        assertTrue(message.startsWith("fileName must be of letters"), message);
        assertTrue(message.endsWith("got " + name), message);
        assertThrows(IllegalArgumentException.class, () -> files.url(name));
        assertEquals(List.of(), server.requests());
    }

    @Test
    void failsWhenTheServerStalls() throws Exception {
        for (int i = 0; i < ATTEMPTS; i++) {
            server.next(server.stallAfter(HALF));
        }
        String message = failure(files(IMPATIENT));
        assertTrue(message.contains(": nothing came for 0.1 seconds;"), message);
        assertEquals(ATTEMPTS, server.requests().size());
        assertNotThere();
    }

    @Test
    void failsWhenTheServerNeverAnswers() {
        for (int i = 0; i < ATTEMPTS; i++) {
            server.next(server.silence());
        }
        String message = failure(files(IMPATIENT));
        assertTrue(message.contains(": nothing came for 0.1 seconds;"), message);
    }

    @Test
    void failsAtOnceWhenInterrupted() {
        Thread.currentThread().interrupt();
        String message = failure();
        assertTrue(Thread.interrupted(), "the interrupt was lost");
        assertTrue(message.contains(": the program was interrupted;"), message);
    }

    @Test
    void failsWhileAnotherDownloadOfTheFileRuns() throws Exception {
        part(Arrays.copyOf(CONTENT, HALF), ETAG);
        try (FileChannel channel =
                        FileChannel.open(
                                cache.resolve(NAME + ".lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assertTrue(lock.isValid());
            String message = failure();
            assertTrue(message.contains("already downloading it;"), message);
        }
        assertEquals(List.of(), server.requests());
        assertDownloaded(find());
    }

    @Test
    void failsWhenTheCacheCannotBeWritten() throws Exception {
        cache = Files.writeString(folder.resolve("file"), "not a folder").resolve("cache");
        String message = failure();
        assertTrue(message.contains(": the cache cannot be written ("), message);
    }

    @Test
    void aThrowingProgressEndsTheDownloadButNotForGood() throws Exception {
        assertThrows(
                IllegalStateException.class,
                () ->
                        files(PATIENT)
                                .find(
                                        NAME,
                                        (file, done, total) -> {
                                            if (done > 0) {
                                                throw new IllegalStateException();
                                            }
                                        }));
        assertNotThere();
        assertDownloaded(find());
        assertTrue(ranges().get(1).startsWith("bytes="), ranges().get(1));
    }

    @Test
    void theBaseUrlNeedsNoSlashAtItsEnd() {
        URI url = URI.create("https://localhost/a/b");
        assertEquals(
                URI.create("https://localhost/a/b/x.pkl"),
                new ModelFiles(null, cache, url).url("x.pkl"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///x", "ftp://localhost/", "//localhost/", "x", ""})
    void refusesWhatIsNoWebAddress(String url) {
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new ModelFiles(null, cache, URI.create(url)))
                        .getMessage();
        assertEquals("baseUrl must be like https://host/folder/, got " + url, message);
    }

    private Path standardCache(Map<String, String> environment) throws IOException {
        Path home = folder.resolve("home");
        ModelFiles files = ModelFiles.standard(null, environment, home);
        for (String candidate : List.of("home/.cache/edm2", "xdg/edm2", "own")) {
            Path dir = Files.createDirectories(folder.resolve(candidate));
            Files.writeString(dir.resolve(NAME), candidate);
        }
        return files.find(NAME, (file, done, total) -> {}).getParent();
    }

    @Test
    void theStandardCacheFollowsTheEnvironment() throws Exception {
        String xdg = folder.resolve("xdg").toString();
        String own = folder.resolve("own").toString();
        assertEquals(folder.resolve("home/.cache/edm2"), standardCache(Map.of()));
        assertEquals(
                folder.resolve("home/.cache/edm2"),
                standardCache(Map.of("XDG_CACHE_HOME", "relative", "EDM2_CACHE", "")));
        assertEquals(folder.resolve("xdg/edm2"), standardCache(Map.of("XDG_CACHE_HOME", xdg)));
        assertEquals(
                folder.resolve("own"),
                standardCache(Map.of("XDG_CACHE_HOME", xdg, "EDM2_CACHE", own)));
    }

    @Test
    void theStandardServerFollowsTheEnvironment() {
        assertEquals(
                URI.create("https://nvlabs-fi-cdn.nvidia.com/edm2/posthoc-reconstructions/" + NAME),
                ModelFiles.standard(null, Map.of(), folder).url(NAME));
        assertEquals(
                URI.create("http://localhost/mirror/" + NAME),
                ModelFiles.standard(
                                null, Map.of("EDM2_MODEL_URL", "http://localhost/mirror"), folder)
                        .url(NAME));
    }

    @Test
    void onnxFilesGoByPathOrByNameInTheCache() {
        ModelFiles files = new ModelFiles(null, Path.of("cache"), URI.create("https://localhost/"));
        assertEquals(Path.of("a/b.onnx"), files.onnx("a/b.onnx"));
        assertEquals(Path.of("cache/fid.onnx"), files.onnx("fid"));
        assertThrows(IllegalArgumentException.class, () -> files.onnx("a/b"));
    }

    @Test
    void webAddressesWithFilesOfOneNameAreKeptApart() throws Exception {
        ModelFiles files = files(PATIENT);
        Path first = files.fetch(server.url().resolve("a/" + NAME), (file, done, total) -> {});
        Path second = files.fetch(server.url().resolve("b/" + NAME), (file, done, total) -> {});
        assertEquals(NAME, first.getFileName().toString());
        assertTrue(first.startsWith(cache) && !first.equals(second), second.toString());
        assertArrayEquals(CONTENT, Files.readAllBytes(first));
        files.fetch(server.url().resolve("a/" + NAME), (file, done, total) -> {});
        assertEquals(2, server.requests().size());
    }

    @Test
    void aCutDownloadOfAWebAddressIsContinued() throws Exception {
        ModelFiles files = files(PATIENT);
        server.next(server.cutAfter(HALF));
        for (int i = 1; i < ATTEMPTS; i++) {
            server.next(exchange -> exchange.sendResponseHeaders(503, -1));
        }
        URI url = server.url().resolve(NAME);
        String message =
                assertThrows(
                                ModelFileException.class,
                                () -> files.fetch(url, (file, done, total) -> {}))
                        .getMessage();
        assertTrue(message.endsWith("by hand into " + files.cached(url).getParent()), message);
        assertArrayEquals(CONTENT, Files.readAllBytes(files.fetch(url, (file, done, total) -> {})));
        assertTrue(ranges().get(ATTEMPTS).startsWith("bytes="), ranges().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://host/", "http:///x.pkl", "ftp://host/x.pkl", "https://host/a/."})
    void refusesAddressesWithoutHostOrFile(String url) {
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> files(PATIENT).cached(URI.create(url)))
                        .getMessage();
        assertEquals("url must be like https://host/network.pkl, got " + url, message);
    }
}
