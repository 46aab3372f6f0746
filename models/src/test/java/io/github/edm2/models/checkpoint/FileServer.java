package io.github.edm2.models.checkpoint;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A web server with one file under every name, which answers ranges as RFC 9110 says unless a test
 * has queued answers of its own.
 */
final class FileServer implements AutoCloseable {

    /** Answers one request. */
    @FunctionalInterface
    interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    /** What a request asked for. */
    record Request(String path, String range, String ifRange) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Queue<Answer> queued = new ConcurrentLinkedQueue<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final byte[] content;
    private final String etag;

    FileServer(byte[] content, String etag) throws IOException {
        this.content = content;
        this.etag = etag;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    URI url() {
        return URI.create("http://localhost:" + server.getAddress().getPort() + "/folder/");
    }

    List<Request> requests() {
        return requests;
    }

    /** Answers the next request, or those after the ones queued before, in another way. */
    void next(Answer answer) {
        queued.add(answer);
    }

    private void handle(HttpExchange exchange) throws IOException {
        Headers headers = exchange.getRequestHeaders();
        requests.add(
                new Request(
                        exchange.getRequestURI().getPath(),
                        headers.getFirst("Range"),
                        headers.getFirst("If-Range")));
        Answer answer = queued.poll();
        try (exchange) {
            if (answer != null) {
                answer.to(exchange);
            } else {
                properly(exchange, headers);
            }
        }
    }

    private void properly(HttpExchange exchange, Headers headers) throws IOException {
        exchange.getResponseHeaders().set("ETag", etag);
        String range = headers.getFirst("Range");
        if (range == null || !etag.equals(headers.getFirst("If-Range"))) {
            send(exchange, 200, content);
            return;
        }
        int start = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        if (start >= content.length) {
            exchange.getResponseHeaders().set("Content-Range", "bytes */" + content.length);
            exchange.sendResponseHeaders(416, -1);
        } else {
            exchange.getResponseHeaders()
                    .set(
                            "Content-Range",
                            "bytes %d-%d/%d".formatted(start, content.length - 1, content.length));
            send(exchange, 206, Arrays.copyOfRange(content, start, content.length));
        }
    }

    static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    /** Sends the beginning of the file, then cuts the connection. */
    Answer cutAfter(int bytes) {
        return exchange -> {
            exchange.getResponseHeaders().set("ETag", etag);
            begin(exchange, bytes);
        };
    }

    /** Sends the beginning of the file, then nothing, but keeps the connection open. */
    Answer stallAfter(int bytes) {
        return exchange -> {
            begin(exchange, bytes);
            awaitClose();
        };
    }

    /** Accepts the request and never answers. */
    Answer silence() {
        return exchange -> awaitClose();
    }

    private void begin(HttpExchange exchange, int bytes) throws IOException {
        exchange.sendResponseHeaders(200, content.length);
        exchange.getResponseBody().write(content, 0, bytes);
        exchange.getResponseBody().flush();
    }

    private void awaitClose() {
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
