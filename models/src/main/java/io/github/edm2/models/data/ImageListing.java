package io.github.edm2.models.data;

import io.github.edm2.models.Count;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which files of a folder or an archive are images. Files and folders that an operating system or a
 * program leaves behind are none: hidden ones, whose names start with a dot, and those of a list of
 * names. One folder around everything is only a wrapper if it holds folders with images or a {@code
 * dataset.json}: names begin inside it.
 *
 * @param root the wrapper with a {@code /} at its end, or empty
 * @param names the images without the wrapper, sorted
 * @param leftOut what the others are, for example {@code 8 files left out: .tif (8)}; empty if
 *     there are no others
 */
record ImageListing(String root, List<String> names, String leftOut) {

    /** In lower case. */
    private static final Set<String> SYSTEM =
            Set.of(
                    "@eadir",
                    "#recycle",
                    "__macosx",
                    "$recycle.bin",
                    "recycler",
                    "system volume information",
                    "lost+found",
                    "thumbs.db",
                    "ehthumbs.db",
                    "desktop.ini");

    /**
     * Sorts out the images.
     *
     * @param files paths relative to the folder or archive, with {@code /} between their parts
     * @param extensions ends of the names of images, in lower case
     */
    static ImageListing of(Collection<String> files, List<String> extensions) {
        TreeMap<String, Integer> others = new TreeMap<>();
        List<String> images = new ArrayList<>();
        for (String file : files) {
            if (isHidden(file)) {
                others.merge("hidden or system", 1, Integer::sum);
            } else if (ImageSource.isImage(file, extensions)) {
                images.add(file);
            } else if (!fileName(file).equals(LabelFile.NAME)) {
                others.merge(extension(file), 1, Integer::sum);
            }
        }
        images.sort(null);
        String root = root(images, Set.copyOf(files));
        return new ImageListing(
                root,
                images.stream().map(name -> name.substring(root.length())).toList(),
                describe(others));
    }

    /** Whether a part of a path is a name that no class or image has. */
    static boolean isHidden(String path) {
        for (String part : path.split("/")) {
            if (part.startsWith(".") || SYSTEM.contains(part.toLowerCase(Locale.ROOT))) {
                return true;
            }
        }
        return false;
    }

    private static String root(List<String> images, Set<String> files) {
        String root = "";
        while (!images.isEmpty() && !files.contains(root + LabelFile.NAME)) {
            String first = images.get(0);
            int end = first.indexOf('/', root.length()) + 1;
            String inner = first.substring(0, end);
            boolean hasFolders = images.stream().anyMatch(name -> name.indexOf('/', end) >= 0);
            if (end == 0
                    || !images.get(images.size() - 1).startsWith(inner)
                    || !hasFolders && !files.contains(inner + LabelFile.NAME)) {
                break;
            }
            root = inner;
        }
        return root;
    }

    private static String describe(TreeMap<String, Integer> others) {
        int count = others.values().stream().mapToInt(Integer::intValue).sum();
        return count == 0
                ? ""
                : others.entrySet().stream()
                        .map(
                                reason ->
                                        String.format(
                                                Locale.ROOT,
                                                "%s (%,d)",
                                                reason.getKey(),
                                                reason.getValue()))
                        .collect(
                                Collectors.joining(
                                        ", ",
                                        Count.of(count, "file", "files") + " left out: ",
                                        ""));
    }

    private static String extension(String file) {
        String name = fileName(file);
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "no extension" : name.substring(dot).toLowerCase(Locale.ROOT);
    }

    private static String fileName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
