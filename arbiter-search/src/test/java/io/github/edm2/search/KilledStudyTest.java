package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A study whose process is killed at random moments, and started again each time. */
@Timeout(300)
class KilledStudyTest {

    private static final int KILLS = 10;

    @TempDir Path folder;

    @Test
    void endsWithTheResultsOfOneThatIsNot() throws IOException, InterruptedException {
        Path whole = folder.resolve("whole");
        SlowStudy.search(whole, step -> {}).build().run();
        Path killed = folder.resolve("killed");
        Random random = new Random(1);
        for (int kill = 0; kill < KILLS; kill++) {
            Process process = start(killed);
            // It begins to train now; the Java machine has started.
            process.getInputStream().read();
            Thread.sleep(random.nextInt(SlowStudy.MILLISECONDS / KILLS * 2));
            process.destroyForcibly().waitFor();
            assertEquals(List.of(), notOnce(killed));
        }
        int before = StudyFolder.results(killed).size();
        assertTrue(0 < before && before < SlowStudy.CANDIDATES, "scored before: " + before);

        Process process = start(killed);
        assertTrue(process.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), () -> log(killed));
        assertEquals(SlowStudy.CANDIDATES, StudyFolder.results(killed).size());
        assertEquals(results(whole), results(killed));
    }

    private static Process start(Path study) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        SlowStudy.class.getName(),
                        study.toString());
        builder.environment().put("OMP_NUM_THREADS", "1");
        File log = new File(study + ".log");
        return builder.redirectError(ProcessBuilder.Redirect.appendTo(log)).start();
    }

    /** Numbers of candidates that have more than one line, or none before others. */
    private static List<Integer> notOnce(Path study) {
        List<Integer> found = StudyFolder.results(study).stream().map(TrialResult::index).toList();
        return IntStream.range(0, found.size())
                .filter(i -> found.get(i) != i)
                .mapToObj(found::get)
                .toList();
    }

    private static String results(Path study) throws IOException {
        return Files.readString(study.resolve(StudyFolder.RESULTS));
    }

    private static String log(Path study) {
        try {
            return Files.readString(Path.of(study + ".log"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
