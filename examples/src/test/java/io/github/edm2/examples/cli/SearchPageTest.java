package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.search.Hyperparameters;
import io.github.edm2.search.PostHoc;
import io.github.edm2.search.Trial;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.optimize.runner.CandidateStatus;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.config.DL4JSystemProperties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Arbiter's page of a search, as a browser gets it. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SearchPageTest {

    private static final String PORT = DL4JSystemProperties.UI_SERVER_PORT_PROPERTY;

    private static final String SMALL =
            """
            {"axes": {"lr": [0.01], "channels": [16], "batch": [32]},
             "ema-lengths": [0.05], "times": [32], "snapshot-every": 32}
            """;

    private final HttpClient browser = HttpClient.newHttpClient();

    @TempDir Path folder;

    @BeforeEach
    void chooseAPort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            System.setProperty(PORT, String.valueOf(free.getLocalPort()));
        }
    }

    @AfterEach
    void forgetThePort() {
        System.clearProperty(PORT);
    }

    private String get(String path) throws IOException, InterruptedException {
        URI address = URI.create("http://localhost:%s%s".formatted(System.getProperty(PORT), path));
        HttpResponse<String> response =
                browser.send(
                        HttpRequest.newBuilder(address).build(),
                        HttpResponse.BodyHandlers.ofString());
        assertEquals(200, response.statusCode(), path);
        return response.body();
    }

    @Test
    void candidatesAreShownWithScoresAndCounts() throws Exception {
        try (SearchPage page = SearchPage.start(SearchConfig.example(), folder)) {
            IOptimizationRunner runner = begunNow();
            page.onInitialization(runner);
            page.onCandidateStatusChange(info(0, CandidateStatus.Running, null), runner, null);
            page.onCandidateStatusChange(info(1, CandidateStatus.Running, null), runner, null);
            page.onCandidateStatusChange(info(2, CandidateStatus.Running, null), runner, null);
            CandidateInfo scored = info(1, CandidateStatus.Complete, 0.75);
            page.onCandidateStatusChange(scored, runner, result(scored));
            CandidateInfo failed = info(2, CandidateStatus.Failed, null);
            page.onCandidateStatusChange(failed, runner, result(failed));
            while (!get("/arbiter/sessions/all").contains("search")) {
                Thread.sleep(50); // The server reads what it is told from a queue.
            }

            assertTrue(get("/arbiter").contains("Arbiter UI"));
            for (String file :
                    new String[] {
                        "dl4j-ui.js",
                        "webjars/bootstrap/4.3.1/dist/css/bootstrap.min.css",
                        "webjars/bootstrap/4.3.1/dist/js/bootstrap.min.js",
                        "webjars/jquery/2.2.0/jquery.min.js",
                        "webjars/jquery-ui/1.10.2/themes/base/jquery-ui.css",
                        "webjars/jquery-ui/1.10.2/ui/minified/jquery-ui.min.js",
                        "webjars/d3js/3.3.5/d3.min.js",
                    }) {
                assertFalse(get("/assets/" + file).isEmpty());
            }
            String summary = get("/arbiter/summary").replaceAll("\\s", "");
            for (String row :
                    new String[] {
                        "\"ModelsCompleted\",\"1\"",
                        "\"ModelsQueued/Running\",\"1\"",
                        "\"ModelsFailed\",\"1\"",
                        "\"ModelsTotal\",\"3\"",
                        "\"BestScore\",\"0.75\""
                    }) {
                assertTrue(summary.contains(row), row + " in " + summary);
            }
            String results = get("/arbiter/results").replaceAll("\\s", "");
            for (String row :
                    new String[] {
                        "[\"0\",\"\",\"Running\"]",
                        "[\"1\",\"0.75\",\"Complete\"]",
                        "[\"2\",\"\",\"Failed\"]"
                    }) {
                assertTrue(results.contains(row), row + " in " + results);
            }
            String config = get("/arbiter/config");
            assertTrue(config.contains("ema-lengths") && config.contains("loss"), config);
            assertTrue(get("/arbiter/candidateInfo/1").contains("lr=0.01"));
        }
    }

    private static IOptimizationRunner begunNow() {
        OptimizationConfiguration configuration = new OptimizationConfiguration();
        configuration.setExecutionStartTime(System.currentTimeMillis());
        return (IOptimizationRunner)
                Proxy.newProxyInstance(
                        IOptimizationRunner.class.getClassLoader(),
                        new Class<?>[] {IOptimizationRunner.class},
                        (proxy, method, arguments) -> configuration);
    }

    private static CandidateInfo info(int index, CandidateStatus status, Double score) {
        long now = System.currentTimeMillis();
        return new CandidateInfo(index, status, score, now, now, now, new double[0], null);
    }

    private static OptimizationResult result(CandidateInfo info) {
        Trial trial =
                new Trial(new Hyperparameters(Map.of("lr", 0.01)), new PostHoc(0.05, 64, 1, 32));
        return new OptimizationResult(
                new Candidate<>(() -> trial, info.getIndex(), new double[0]),
                info.getScore(),
                info.getIndex(),
                null,
                info,
                null);
    }

    @Test
    void whatCannotBeShownLeavesTheSearchAlone() throws IOException {
        try (SearchPage page = SearchPage.start(SearchConfig.example(), folder)) {
            assertDoesNotThrow(() -> page.onInitialization(null));
            CandidateInfo unknown = info(0, CandidateStatus.Complete, 0.75);
            OptimizationResult empty = new OptimizationResult(null, null, 0, null, unknown, null);
            assertDoesNotThrow(() -> page.onCandidateStatusChange(unknown, null, empty));
        }
    }

    @Test
    void thePageEndsWithTheCommand() throws IOException {
        Path config = Files.writeString(folder.resolve("search.json"), SMALL);
        Path study = folder.resolve("study");
        String out = Cli.succeed("search", "run", "--study", study, "--config", config, "--ui");
        assertTrue(
                out.contains(
                        "page: http://localhost:%s/arbiter".formatted(System.getProperty(PORT))),
                out);
        assertThrows(ConnectException.class, () -> get("/arbiter"));
    }

    @Test
    void aPortInUseIsNamedBeforeAnythingIsWritten() throws IOException {
        Path study = folder.resolve("study");
        try (ServerSocket taken = new ServerSocket(Integer.parseInt(System.getProperty(PORT)))) {
            Cli.fail(
                    1,
                    new String[] {
                        "cannot be served on port " + taken.getLocalPort(), "leave out --ui"
                    },
                    "search",
                    "run",
                    "--study",
                    study,
                    "--ui");
        }
        assertFalse(Files.exists(study));
    }
}
