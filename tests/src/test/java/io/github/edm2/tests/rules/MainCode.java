package io.github.edm2.tests.rules;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The compiled classes of all modules, without those of tests. */
final class MainCode {

    /** The package that holds all others. */
    static final String ROOT = "io.github.edm2";

    static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .importPaths(
                            Stream.of("layers", "ema", "models", "arbiter-search", "examples")
                                    .map(module -> Path.of("..", module, "target", "classes"))
                                    .toList());

    private MainCode() {}

    /** What the classes call, refer to, read or write, each with the class that does. */
    static Stream<JavaAccess<?>> accesses(Iterable<JavaClass> classes) {
        Stream.Builder<JavaAccess<?>> accesses = Stream.builder();
        classes.forEach(one -> one.getAccessesFromSelf().forEach(accesses));
        return accesses.build();
    }

    /** A class's name without its package, for instance {@code Outer$Inner}. */
    static String shortName(JavaClass one) {
        return one.getName().substring(one.getPackageName().length() + 1);
    }

    /** Names of packages under {@link #ROOT}, with the packages in them, as ArchUnit has them. */
    static String[] within(List<String> packages) {
        return packages.stream().map(name -> ROOT + "." + name + "..").toArray(String[]::new);
    }
}
