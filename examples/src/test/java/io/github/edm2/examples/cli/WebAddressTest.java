package io.github.edm2.examples.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Options that take a web address, with a server on this machine. */
class WebAddressTest {

    @TempDir Path folder;

    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final String home = System.getProperty("user.home");
    private HttpServer server;
    private Path files;

    @BeforeEach
    void start() throws IOException {
        System.setProperty("user.home", folder.resolve("home").toString());
        files = Files.createDirectory(folder.resolve("files"));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        System.setProperty("user.home", home);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            requests.add(path);
            Path file = files.resolve(path.substring(path.lastIndexOf('/') + 1));
            if (Files.exists(file)) {
                byte[] content = Files.readAllBytes(file);
                exchange.sendResponseHeaders(200, content.length);
                exchange.getResponseBody().write(content);
            } else {
                exchange.sendResponseHeaders(404, -1);
            }
        }
    }

    private String url(String path) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + path;
    }

    private void network(String name) throws IOException {
        NetworkOptions options =
                NetworkOptions.builder()
                        .imgResolution(TestData.SIZE)
                        .imgChannels(3)
                        .labelDim(TestData.CLASSES)
                        .modelChannels(8)
                        .channelMult(new int[] {1, 2})
                        .numBlocks(1)
                        .attnResolutions(new int[0])
                        .logvarChannels(16)
                        .build();
        Path file = files.resolve(name);
        NetworkType.of(file)
                .write(
                        file,
                        new NetworkFile(options, Edm2.builder().options(options).build().init()));
    }

    @Test
    void everyOptionOfANetworkTakesAnAddressAndDownloadsOnce() throws IOException {
        network("net.zip");
        network("net.safetensors");
        Path outdir = folder.resolve("images");
        Object[] generate = {
            "generate",
            "--net",
            url("a/net.zip"),
            "--gnet",
            url("b/net.zip"),
            "--guidance",
            2,
            "--seeds",
            "0-1",
            "--steps",
            2,
            "--outdir",
            outdir
        };
        String out = Cli.succeed(generate);
        Assertions.assertTrue(out.contains("net.zip"), out);
        Cli.succeed(generate);
        Assertions.assertEquals(List.of("/a/net.zip", "/b/net.zip"), requests);

        out = Cli.succeed("info", url("a/net.zip"));
        Assertions.assertTrue(out.contains("3 classes"), out);
        Path converted = folder.resolve("converted.zip");
        Object[] convert = {
            "convert", "--from", url("c/net.safetensors"), "--like", url("a/net.zip")
        };
        Cli.succeed(convert[0], convert[1], convert[2], convert[3], convert[4], "--to", converted);
        Path data = TestData.images(folder.resolve("data.zip"));
        Object[] train = {
            "train",
            "--data",
            data,
            "--init",
            url("a/net.zip"),
            "--outdir",
            folder.resolve("run"),
            "--preset",
            "edm2-16-tiny",
            "--batch",
            4,
            "--duration",
            4
        };
        Assertions.assertTrue(Cli.succeed(train).contains("trained to 4 images"));
        Assertions.assertTrue(Cli.succeed(train).contains("already"));
        Assertions.assertEquals(
                List.of("/a/net.zip", "/b/net.zip", "/c/net.safetensors"), requests);
    }

    @Test
    void statisticsTakeAnAddress() throws IOException {
        Path data = Files.createDirectory(folder.resolve("data"));
        for (int i = 0; i < 8; i++) {
            Files.write(data.resolve(i + ".png"), TestData.png(16, new Random(i)));
        }
        Cli.succeed("metrics", "ref", "--data", data, "--dest", files.resolve("ref.npz"));
        String out = Cli.succeed("metrics", "calc", "--data", data, "--ref", url("ref.npz"));
        Assertions.assertTrue(out.contains("embedded"), out);
        Assertions.assertEquals(List.of("/ref.npz"), requests);
    }

    @Test
    void whatIsNotThereIsNamedAndMakesNothing() {
        Path outdir = folder.resolve("none");
        Object[] missing = {"generate", "--net", url("missing.pkl"), "--outdir", outdir};
        Cli.fail(1, new String[] {url("missing.pkl"), "status 404"}, missing);
        Object[] nameless = {"generate", "--net", url("folder/"), "--outdir", outdir};
        Cli.fail(2, new String[] {"--net must be", "web address"}, nameless);
        Assertions.assertFalse(Files.exists(outdir));
        Cli.fail(1, new String[] {"url must be like https://"}, "info", url("folder/"));
    }
}
