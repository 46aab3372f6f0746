package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.data.ConversionOptions;
import io.github.edm2.models.data.DatasetConverter;
import io.github.edm2.models.data.ImageTransform;
import io.github.edm2.models.data.Resolution;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code edm2 dataset convert}: makes a dataset for training of images as one finds them. */
final class DatasetConvertCommand implements Command {

    private static final Setting<Path> SOURCE =
            Setting.required(
                    "source",
                    Kind.FILE,
                    "folder or zip archive of images, IDX file of images (MNIST), or binary batches of CIFAR-10: a .bin file or a folder of data_batch_N.bin; of a folder with a training and a test set, the training set");
    private static final Setting<Path> DEST =
            Setting.required("dest", Kind.OUTPUT_FILE, "archive to write; its name ends with .zip");
    private static final Setting<ImageTransform> TRANSFORM =
            Setting.of(
                    "transform",
                    Kind.TRANSFORM,
                    ImageTransform.NONE,
                    "how images get their size: " + Kind.transforms());
    private static final Setting<Resolution> RESOLUTION =
            Setting.derived(
                    "resolution",
                    Kind.RESOLUTION,
                    "that of the images, without a transform",
                    "width and height");
    private static final Setting<Integer> MAX_IMAGES =
            Setting.derived(
                    "max-images", Kind.SMALL_COUNT, "all", "images to take, the first in order");
    private static final Setting<Boolean> ANY_SIZE =
            Setting.of(
                    "any-size",
                    Kind.SWITCH,
                    false,
                    "allow other sizes than squares whose side is a power of two");
    private static final Setting<Boolean> UPRIGHT =
            Setting.of("upright", Kind.SWITCH, false, "turn images as their EXIF orientation says");
    private static final Setting<Boolean> SKIP_BAD =
            Setting.of(
                    "skip-bad",
                    Kind.SWITCH,
                    false,
                    "leave out images that cannot be read, instead of failing");
    private static final Setting<Boolean> FORCE =
            Setting.of("force", Kind.SWITCH, false, "replace an existing --dest");

    @Override
    public String name() {
        return "dataset convert";
    }

    @Override
    public String summary() {
        return "Make a dataset for training of image files, IDX files or CIFAR-10";
    }

    @Override
    public String details() {
        return "Reads PNG, JPEG, BMP, GIF, WebP and TIFF; everything becomes RGB. Labels are those of dataset.json"
                + " at the root of a folder or archive, otherwise, if all images are in folders, the numbers"
                + " of the top-level folders in natural order (0, 1, 2, 10). The names of the classes are kept: those of the"
                + " folders, of dataset.json (\"classes\") or of CIFAR-10's batches.meta.txt. Hidden and system files are left"
                + " out; one folder around all others is no class. Sides of more than"
                + " 8192 pixels are read where --resolution makes them smaller. center-crop takes the largest square in the"
                + " middle, center-crop-wide (W > H) a part of W:H in the middle of a black WxW square,"
                + " center-crop-dhariwal (W = H) what the ImageNet of published models was made with. The"
                + " archive appears when it is complete; a conversion that was interrupted, in whatever way,"
                + " continues when the command is given again.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(
                SOURCE,
                DEST,
                TRANSFORM,
                RESOLUTION,
                MAX_IMAGES,
                ANY_SIZE,
                UPRIGHT,
                SKIP_BAD,
                FORCE);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Path dest = arguments.get(DEST);
        if (!dest.toString().endsWith(".zip")) {
            throw new UsageException("--dest must end with .zip, got \"" + dest + "\"");
        }
        ConversionOptions options = options(arguments);
        if (Files.exists(dest) && !arguments.get(FORCE)) {
            throw new CommandException(
                    dest + " exists; give another --dest, or --force to replace it");
        }
        DatasetConverter.Summary summary;
        try (ConversionProgress progress = new ConversionProgress(out)) {
            summary = DatasetConverter.convert(arguments.get(SOURCE), dest, options, progress);
        }
        out.printf(
                "wrote %s: %s of %s, %s, %,d bytes%n",
                dest,
                Count.images(summary.written()),
                summary.size(),
                labels(summary),
                Files.size(dest));
        ClassList.of(summary.classNames()).show(out);
        if (!summary.leftOut().isEmpty()) {
            out.println(summary.leftOut());
        }
        if (summary.unturned() > 0) {
            out.printf(
                    "%,d %s an EXIF orientation; --upright turns %s%n",
                    summary.unturned(),
                    summary.unturned() == 1 ? "image has" : "images have",
                    summary.unturned() == 1 ? "it" : "them");
        }
        if (summary.skipped() > 0) {
            out.printf("skipped as too small or too elongated: %,d%n", summary.skipped());
        }
        if (summary.unreadable() > 0) {
            out.printf("left out as unreadable: %,d%n", summary.unreadable());
        }
    }

    private static String labels(DatasetConverter.Summary summary) {
        if (summary.classes() == 0) {
            return "no labels";
        }
        return summary.labelVectors()
                ? "label vectors of length " + summary.classes()
                : Count.of(summary.classes(), "class", "classes");
    }

    private static ConversionOptions options(Arguments arguments) {
        try {
            return new ConversionOptions(
                    arguments.get(TRANSFORM),
                    arguments.get(RESOLUTION),
                    arguments.get(MAX_IMAGES, Integer.MAX_VALUE),
                    arguments.get(ANY_SIZE),
                    arguments.get(UPRIGHT),
                    arguments.get(SKIP_BAD));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }
}
