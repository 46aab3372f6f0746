package io.github.edm2.tests.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No package is in two modules, be it of main code or of tests. */
class PackagesTest {

    @TempDir private Path folder;

    @Test
    void everyPackageIsInOneModule() throws IOException {
        Map<String, Set<String>> modules = modulesByPackage(Path.of(".."));
        assertTrue(modules.containsKey(getClass().getPackageName()), modules::toString);
        assertEquals(
                Map.of(),
                shared(modules),
                "packages in several modules (after a move, mvn clean deletes what was compiled before it)");
    }

    @Test
    void aSharedPackageIsFound() throws IOException {
        compiled("one/target/classes/a/b/Main.class");
        compiled("one/target/classes/a/Main.class");
        compiled("two/target/test-classes/a/b/MainTest.class");
        compiled("two/target/test-classes/a/c/MainTest.class");
        assertEquals(Map.of("a.b", Set.of("one", "two")), shared(modulesByPackage(folder)));
    }

    private void compiled(String file) throws IOException {
        Files.createDirectories(folder.resolve(file).getParent());
        Files.createFile(folder.resolve(file));
    }

    private static Map<String, Set<String>> shared(Map<String, Set<String>> modules) {
        Map<String, Set<String>> shared = new TreeMap<>(modules);
        shared.values().removeIf(names -> names.size() == 1);
        return shared;
    }

    private static Map<String, Set<String>> modulesByPackage(Path project) throws IOException {
        Map<String, Set<String>> modules = new TreeMap<>();
        try (Stream<Path> folders = Files.list(project)) {
            for (Path module : folders.toList()) {
                for (String kind : List.of("classes", "test-classes")) {
                    Path classes = module.resolve("target").resolve(kind);
                    String name = module.getFileName().toString();
                    packages(classes)
                            .forEach(
                                    one ->
                                            modules.computeIfAbsent(one, p -> new TreeSet<>())
                                                    .add(name));
                }
            }
        }
        return modules;
    }

    private static Set<String> packages(Path classes) throws IOException {
        Set<String> packages = new TreeSet<>();
        if (Files.isDirectory(classes)) {
            try (Stream<Path> files = Files.walk(classes)) {
                files.filter(file -> file.toString().endsWith(".class"))
                        .map(file -> classes.relativize(file.getParent()).toString())
                        .forEach(name -> packages.add(name.replaceAll("[/\\\\]", ".")));
            }
        }
        return packages;
    }
}
