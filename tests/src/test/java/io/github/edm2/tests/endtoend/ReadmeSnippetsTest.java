package io.github.edm2.tests.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.PublishedPreset;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every Java snippet of the README compiles against the modules, and runs in a folder of its own.
 */
class ReadmeSnippetsTest {

    private static final Pattern JAVA = Pattern.compile("(?ms)^```java\n(.*?)^```$");

    /** Packages whose names the README leaves to the reader's development environment. */
    private static final List<String> PACKAGES =
            List.of(
                    "io.github.edm2.ema",
                    "io.github.edm2.layers",
                    "io.github.edm2.models",
                    "io.github.edm2.models.checkpoint",
                    "io.github.edm2.models.data",
                    "io.github.edm2.models.diffusion",
                    "io.github.edm2.models.sampling",
                    "io.github.edm2.models.training",
                    "io.github.edm2.models.unet",
                    "io.github.edm2.search",
                    "java.nio.file",
                    "java.util",
                    "org.deeplearning4j.earlystopping",
                    "org.deeplearning4j.earlystopping.saver",
                    "org.deeplearning4j.earlystopping.scorecalc",
                    "org.deeplearning4j.earlystopping.termination",
                    "org.deeplearning4j.earlystopping.trainer",
                    "org.deeplearning4j.nn.api",
                    "org.deeplearning4j.nn.graph",
                    "org.deeplearning4j.nn.multilayer",
                    "org.deeplearning4j.util",
                    "org.nd4j.autodiff.samediff",
                    "org.nd4j.linalg.api.ndarray",
                    "org.nd4j.linalg.dataset.api.iterator",
                    "org.nd4j.linalg.factory",
                    "org.nd4j.linalg.learning.config");

    private static final String OFFICIAL = "/golden/official/network.pkl";

    @TempDir static Path folder;

    private static List<String> snippets;
    private static String output;

    @BeforeAll
    static void runAll() throws Exception {
        snippets = snippets(Files.readString(Path.of("..", "README.md")));
        Path classes = Files.createDirectory(folder.resolve("classes"));
        compile(classes);
        Path work = Files.createDirectory(folder.resolve("work"));
        copyOfficial(work.resolve("edm2-img64-s-1073741-0.075.pkl"));
        Path cache = Files.createDirectory(folder.resolve("cache"));
        copyOfficial(cache.resolve(PublishedPreset.of("edm2-img512-s-fid").net()));
        output = run(classes, work, cache);
    }

    @Test
    void theReadmeHasSnippets() {
        assertTrue(snippets.size() >= 4, () -> snippets.size() + " snippets");
    }

    @ParameterizedTest
    @MethodSource("names")
    void runs(String name) {
        assertTrue(output.lines().anyMatch(("ran " + name)::equals), () -> output);
    }

    static Stream<String> names() {
        return IntStream.range(0, snippets.size()).mapToObj(i -> "Snippet" + i);
    }

    private static List<String> snippets(String readme) {
        List<String> found = new ArrayList<>();
        for (Matcher m = JAVA.matcher(readme); m.find(); ) {
            found.add(m.group(1));
        }
        return found;
    }

    private static void compile(Path classes) throws IOException {
        List<Path> sources = new ArrayList<>();
        for (int i = 0; i < snippets.size(); i++) {
            sources.add(Files.writeString(folder.resolve("Snippet" + i + ".java"), source(i)));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled =
                    compiler.getTask(
                                    messages,
                                    files,
                                    null,
                                    List.of("-proc:none", "-cp", classPath(), "-d", "" + classes),
                                    null,
                                    files.getJavaFileObjectsFromPaths(sources))
                            .call();
            assertTrue(compiled, messages::toString);
        }
    }

    private static String source(int index) {
        StringBuilder source = new StringBuilder();
        PACKAGES.forEach(name -> source.append("import %s.*;%n".formatted(name)));
        // Names that stand in two of the packages.
        source.append("import org.nd4j.autodiff.samediff.TrainingConfig;\n");
        source.append("import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;\n");
        source.append("public class Snippet%d extends ".formatted(index))
                .append(ReadmeSnippet.class.getName())
                .append(" {\n@Override protected void run() throws Exception {\n")
                .append(snippets.get(index))
                .append("}\n}\n");
        return source.toString();
    }

    private static String run(Path classes, Path work, Path cache) throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx1g",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                classes + System.getProperty("path.separator") + classPath(),
                                ReadmeSnippet.class.getName()));
        names().forEach(command::add);
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(work.toFile()).redirectErrorStream(true);
        builder.environment().put("OMP_NUM_THREADS", "1");
        builder.environment().put("EDM2_CACHE", cache.toString());
        Process process = builder.start();
        process.getOutputStream().close();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
        assertEquals(0, process.exitValue(), printed);
        return printed;
    }

    private static String classPath() {
        return System.getProperty(
                "surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private static void copyOfficial(Path to) throws IOException {
        try (var network = Edm2.class.getResourceAsStream(OFFICIAL)) {
            Files.copy(network, to);
        }
    }
}
