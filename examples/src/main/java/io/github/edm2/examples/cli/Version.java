package io.github.edm2.examples.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * What {@code --version} shows: this program, the library it is built with, and the Java it runs
 * in.
 */
final class Version {

    private Version() {}

    static String line() {
        Properties versions = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            versions.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException("version.properties of this program cannot be read", e);
        }
        return "edm2 %s, Deeplearning4j %s, Java %s"
                .formatted(
                        versions.getProperty("edm2"),
                        versions.getProperty("dl4j"),
                        System.getProperty("java.version"));
    }
}
