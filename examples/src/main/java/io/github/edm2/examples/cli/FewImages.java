package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Says where metrics are of too few images to mean much. */
final class FewImages {

    /**
     * Fewer make the Fréchet distance noticeably too large (Heusel et al., arXiv:1706.08500, advise
     * at least as many).
     */
    static final int ENOUGH = 10_000;

    private FewImages() {}

    /** Sentences about scores, none if there were images enough. */
    static List<String> warnings(ImageScores scores) {
        List<String> warnings = new ArrayList<>();
        about("images were scored", scores.images(), scores.dimensions(), warnings);
        scores.real().ifPresent(n -> about("real images", n, scores.dimensions(), warnings));
        undefined(
                scores,
                "precision and recall",
                Metric.PRECISION,
                ImageScores.LEAST_FOR_PRECISION,
                warnings);
        undefined(
                scores,
                "density and coverage",
                Metric.DENSITY,
                ImageScores.LEAST_FOR_DENSITY,
                warnings);
        if (scores.values().containsKey(Metric.KERNEL) && Double.isNaN(scores.kernelError())) {
            warnings.add(
                    "the kernel distance has no standard error (-), because the sets have too few images"
                            + " for more than one subset");
        }
        return warnings;
    }

    /**
     * Sentences about the statistics of real images.
     *
     * @param images how many there are
     * @param dimensions features of each
     */
    static List<String> warnings(long images, int dimensions) {
        List<String> warnings = new ArrayList<>();
        about("real images", images, dimensions, warnings);
        return warnings;
    }

    private static void about(String what, long images, int dimensions, List<String> warnings) {
        if (images < dimensions) {
            warnings.add(
                    String.format(
                            Locale.ROOT,
                            "only %,d %s, fewer than the %,d features of an image, so a Fréchet distance says little; use %,d or more",
                            images,
                            what,
                            dimensions,
                            ENOUGH));
        } else if (images < ENOUGH) {
            warnings.add(
                    String.format(
                            Locale.ROOT,
                            "only %,d %s, and fewer images make a Fréchet distance larger; compare it only with one of as many, or use %,d or more",
                            images,
                            what,
                            ENOUGH));
        }
    }

    private static void undefined(
            ImageScores scores, String names, Metric metric, int least, List<String> warnings) {
        Double value = scores.values().get(metric);
        if (value != null && value.isNaN()) {
            warnings.add(
                    String.format(
                            Locale.ROOT,
                            "%s need at least %d images in each set, got %,d scored and %,d real; they are left out (-)",
                            names,
                            least,
                            scores.images(),
                            scores.compared()));
        }
    }

    /** The same in a word or two for the table, whose rows are copied without the warnings. */
    static String note(ImageScores scores) {
        List<String> few = new ArrayList<>();
        if (scores.images() < scores.dimensions()) {
            few.add(Count.images(scores.images()));
        }
        if (scores.real().orElse(Long.MAX_VALUE) < scores.dimensions()) {
            few.add(Count.of(scores.real().getAsLong(), "real image", "real images"));
        }
        return few.isEmpty()
                ? ""
                : few.stream()
                        .collect(
                                Collectors.joining(
                                        ", ",
                                        "few images: ",
                                        " for %d features".formatted(scores.dimensions())));
    }
}
