package io.github.edm2.models.data;

import java.util.Arrays;
import java.util.List;

/**
 * Labels of images without a {@code dataset.json}: if all of them are in two or more folders, the
 * numbers of the top-level folders in {@link NaturalOrder}, which name the classes.
 */
final class ClassFolders {

    private ClassFolders() {}

    /** Those of a label file, if there is one, or else of the folders. */
    static ImageLabels orOf(ImageSource source) {
        return LabelFile.readIfPresent(source).orElseGet(() -> labels(source.names()));
    }

    private static ImageLabels labels(List<String> images) {
        if (images.stream().anyMatch(name -> name.indexOf('/') < 0)) {
            return ImageLabels.NONE;
        }
        String[] folders =
                images.stream()
                        .map(ClassFolders::folder)
                        .distinct()
                        .sorted(NaturalOrder.COMPARATOR)
                        .toArray(String[]::new);
        if (folders.length < 2) {
            return ImageLabels.NONE;
        }
        int[] classOf =
                images.stream()
                        .mapToInt(
                                name ->
                                        Arrays.binarySearch(
                                                folders, folder(name), NaturalOrder.COMPARATOR))
                        .toArray();
        return ImageLabels.ofClasses(classOf, List.of(folders));
    }

    private static String folder(String name) {
        return name.substring(0, name.indexOf('/'));
    }
}
