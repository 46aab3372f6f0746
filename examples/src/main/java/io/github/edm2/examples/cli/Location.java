package io.github.edm2.examples.cli;

import io.github.edm2.models.checkpoint.ModelFiles;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;

/**
 * Where a file is: on this machine, or on a web server.
 *
 * @param text a path, or an address that begins with http:// or https://
 */
record Location(String text) {

    static final Kind<Location> KIND =
            new Kind<>(
                    "PATH|URL",
                    "a path of this system, or a web address such as https://host/network.pkl",
                    Location::of);

    private static Location of(String text) {
        if (ModelFiles.isWeb(text)) {
            ModelFiles.standard(null).cached(URI.create(text));
        } else {
            Kind.FILE.parser().apply(text);
        }
        return new Location(text);
    }

    /**
     * The file; one of a web server is downloaded into the cache folder, unless it is there.
     *
     * @param out for the progress of a download
     * @throws io.github.edm2.models.checkpoint.ModelFileException if it cannot be downloaded
     */
    Path file(PrintStream out) {
        if (!ModelFiles.isWeb(text)) {
            return Path.of(text);
        }
        try (DownloadProgress progress = new DownloadProgress(out)) {
            return ModelFiles.standard(null).fetch(URI.create(text), progress);
        }
    }

    /** The file, or null where the location is null. */
    static Path file(Location location, PrintStream out) {
        return location == null ? null : location.file(out);
    }
}
