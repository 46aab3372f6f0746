package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file from a web server, continued where an earlier attempt ended (RFC 9110, sections 13.1.5
 * and 14). The ETag beside the part file tells whether the server still has the same file.
 */
final class Download {

    private static final Logger LOG = LoggerFactory.getLogger(Download.class);

    private static final int ATTEMPTS = 5;

    private static final int CHUNK = 1 << 16;

    /** RFC 9110 forbids weak ones in If-Range, for they do not promise the same bytes. */
    private static final Pattern STRONG_ETAG = Pattern.compile("\"[\\x21\\x23-\\x7e]*\"");

    private static final Pattern RANGE = Pattern.compile("bytes (\\d+)-\\d+/(\\d+)");

    private static final Pattern RANGE_UNSATISFIED = Pattern.compile("bytes \\*/(\\d+)");

    private final URI url;
    private final Path part;
    private final Path etag;
    private final Duration timeout;
    private final Duration pause;
    private final ModelFiles.Progress progress;
    private final String fileName;
    private final HttpClient client;

    /** Bounds the wait for each chunk, which the client does for the headers only. */
    private final ExecutorService reader =
            Executors.newSingleThreadExecutor(
                    task -> {
                        Thread thread = new Thread(task, "download");
                        thread.setDaemon(true);
                        return thread;
                    });

    /** What another attempt may get over: the network's fault or the server's, not the disk's. */
    private static final class TransientException extends IOException {

        private static final long serialVersionUID = 1;

        TransientException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Prepares a download.
     *
     * @param file what the complete file will be called; what has come of it is in the file of the
     *     same name with {@code .part} added
     * @param timeout longest wait for the connection, for an answer and for each chunk of it
     * @param pause wait before the second attempt; the later ones wait longer
     */
    Download(URI url, Path file, Duration timeout, Duration pause, ModelFiles.Progress progress) {
        this.url = url;
        this.fileName = file.getFileName().toString();
        this.part = file.resolveSibling(fileName + ".part");
        this.etag = file.resolveSibling(fileName + ".part.etag");
        this.timeout = timeout;
        this.pause = pause;
        this.progress = progress;
        // HTTP/2 gains nothing for a single file.
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NORMAL)
                        .connectTimeout(timeout)
                        .build();
    }

    /**
     * Downloads the file, trying several times.
     *
     * @return the part file, complete and flushed to the disk
     * @throws IOException if it cannot be had or written, with a message that completes a sentence;
     *     the part file is kept for the next time
     */
    Path run() throws IOException {
        try {
            for (int attempt = 1; !attempt(attempt == ATTEMPTS); attempt++) {
                sleep(pause.multipliedBy(attempt));
            }
        } finally {
            reader.shutdownNow();
        }
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        return part;
    }

    /** Forgets what has come so far. */
    void discard() throws IOException {
        // In this order, an ETag never stands beside bytes of another file.
        Files.deleteIfExists(part);
        Files.deleteIfExists(etag);
    }

    /** Forgets the ETag of a part file that has got its final name. */
    void done() throws IOException {
        Files.deleteIfExists(etag);
    }

    private boolean attempt(boolean last) throws IOException {
        try {
            request();
            return true;
        } catch (TransientException e) {
            if (last) {
                throw e;
            }
            LOG.warn("Download of {}: {}; trying again", url, e.getMessage());
            return false;
        }
    }

    private void request() throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(url).timeout(timeout);
        String known = knownEtag();
        long start = known == null ? 0 : Files.size(part);
        if (start == 0) {
            discard();
        } else {
            request.header("Range", "bytes=%d-".formatted(start)).header("If-Range", known);
        }
        HttpResponse<InputStream> response = send(request.build());
        try (InputStream body = response.body()) {
            switch (response.statusCode()) {
                case 200 -> {
                    discard();
                    Optional<String> strong = strongEtag(response);
                    if (strong.isPresent()) {
                        Files.writeString(etag, strong.get());
                    }
                    receive(
                            body,
                            0,
                            response.headers().firstValueAsLong("Content-Length").orElse(-1));
                }
                case 206 -> {
                    Matcher range = contentRange(response, RANGE);
                    boolean continues =
                            range.matches()
                                    && Long.parseLong(range.group(1)) == start
                                    && strongEtag(response).filter(e -> !e.equals(known)).isEmpty();
                    if (!continues) {
                        throw unusable("the server sent another part of the file than asked for");
                    }
                    receive(body, start, Long.parseLong(range.group(2)));
                }
                case 416 -> {
                    // Nothing is left to send when only the renaming was missing.
                    Matcher range = contentRange(response, RANGE_UNSATISFIED);
                    if (!range.matches() || Long.parseLong(range.group(1)) != start) {
                        throw unusable("the server has less of the file than came before");
                    }
                }
                case 408, 429, 500, 502, 503, 504 ->
                        throw new TransientException(status(response), null);
                default -> throw new IOException(status(response));
            }
        }
    }

    /** ETag of the bytes in the part file, or null if there are none that can be continued. */
    private String knownEtag() throws IOException {
        if (!Files.exists(part) || !Files.exists(etag)) {
            return null;
        }
        String stored = Files.readString(etag);
        return STRONG_ETAG.matcher(stored).matches() ? stored : null;
    }

    private TransientException unusable(String why) throws IOException {
        discard();
        return new TransientException(why, null);
    }

    private static Optional<String> strongEtag(HttpResponse<?> response) {
        return response.headers().firstValue("ETag").filter(e -> STRONG_ETAG.matcher(e).matches());
    }

    private static Matcher contentRange(HttpResponse<?> response, Pattern pattern) {
        return pattern.matcher(response.headers().firstValue("Content-Range").orElse(""));
    }

    private static String status(HttpResponse<?> response) {
        return "the server answered with status " + response.statusCode();
    }

    /**
     * Appends a body to the part file.
     *
     * @param start bytes that the file has
     * @param total bytes that it must have in the end, or -1 if unknown
     */
    private void receive(InputStream body, long start, long total) throws IOException {
        long size = start;
        try (FileChannel channel =
                        FileChannel.open(
                                part,
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                StandardOpenOption.APPEND);
                OutputStream out = Channels.newOutputStream(channel)) {
            byte[] chunk = new byte[CHUNK];
            progress.update(fileName, size, total);
            for (int n = read(body, chunk); n >= 0; n = read(body, chunk)) {
                out.write(chunk, 0, n);
                size += n;
                progress.update(fileName, size, total);
            }
        }
        if (total >= 0 && size != total) {
            throw new TransientException("%d bytes came of %d".formatted(size, total), null);
        }
    }

    private int read(InputStream body, byte[] chunk) throws IOException {
        Future<Integer> count = reader.submit(() -> body.read(chunk));
        try {
            return count.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw silent(e);
        } catch (ExecutionException e) {
            throw new TransientException("the connection was cut", e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws IOException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (HttpTimeoutException e) {
            throw silent(e);
        } catch (ConnectException e) {
            throw new TransientException("there is no connection to " + url.getAuthority(), e);
        } catch (IOException e) {
            throw new TransientException(
                    "the request failed (%s)".formatted(AtomicFile.reason(e)), e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static void sleep(Duration pause) throws IOException {
        try {
            Thread.sleep(pause.toMillis());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private TransientException silent(Exception cause) {
        return new TransientException(
                "nothing came for %s seconds".formatted(timeout.toMillis() / 1000.0), cause);
    }

    private static IOException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException e = new InterruptedIOException("the program was interrupted");
        e.initCause(cause);
        return e;
    }
}
