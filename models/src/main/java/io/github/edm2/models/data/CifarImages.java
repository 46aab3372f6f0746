package io.github.edm2.models.data;

import io.github.edm2.models.Count;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The binary version of CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html): files of records of
 * one label byte, 0 to 9, and 32x32 red, green and blue bytes, plane by plane. Held in memory as
 * the files have them, 31 MB a file.
 */
record CifarImages(List<Path> files, List<byte[]> batches, ImageLabels labels, String leftOut)
        implements RawImages {

    private static final ImageShape SHAPE = new ImageShape(3, 32, 32);

    private static final int RECORD = 1 + SHAPE.length();

    private static final int CLASSES = 10;

    /** File with the classes' names, a line each. */
    private static final String NAMES = "batches.meta.txt";

    private static final Pattern TRAINING = Pattern.compile("data_batch_(\\d{1,9})\\.bin");

    /** Whether a file's name may be that of such a file. */
    static boolean isName(Path file) {
        return file.getFileName().toString().endsWith(".bin");
    }

    /** Whether a file's name is that of a batch of the training images or of the test images. */
    static boolean isBatch(Path file) {
        return number(file) >= 0 || file.getFileName().toString().equals("test_batch.bin");
    }

    /** Reads one file. */
    static CifarImages of(Path file) {
        return read(List.of(file), List.of());
    }

    /** Reads all {@code data_batch_N.bin} of a folder, in the order of N, if there are any. */
    static Optional<CifarImages> find(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            Map<Boolean, List<Path>> training =
                    files.filter(CifarImages::isName)
                            .sorted(
                                    Comparator.comparingInt(CifarImages::number)
                                            .thenComparing(Comparator.naturalOrder()))
                            .collect(Collectors.partitioningBy(file -> number(file) >= 0));
            return training.get(true).isEmpty()
                    ? Optional.empty()
                    : Optional.of(read(training.get(true), training.get(false)));
        } catch (IOException e) {
            throw DatasetException.unreadable(folder.toString(), e);
        }
    }

    private static int number(Path file) {
        Matcher name = TRAINING.matcher(file.getFileName().toString());
        return name.matches() ? Integer.parseInt(name.group(1)) : -1;
    }

    private static CifarImages read(List<Path> files, List<Path> others) {
        List<byte[]> batches = new ArrayList<>();
        for (Path file : files) {
            batches.add(read(file));
        }
        int[] labels = new int[batches.stream().mapToInt(batch -> batch.length / RECORD).sum()];
        int image = 0;
        for (int i = 0; i < files.size(); i++) {
            for (int start = 0; start < batches.get(i).length; start += RECORD) {
                labels[image++] = label(batches.get(i), start, files.get(i));
            }
        }
        return new CifarImages(
                files,
                batches,
                ImageLabels.ofClasses(labels, names(files.get(0), labels)),
                RawImages.besideTraining(others));
    }

    /** Those of the file beside, if there is one: of classes up to the last that has images. */
    private static List<String> names(Path batch, int[] labels) {
        Path file = batch.resolveSibling(NAMES);
        if (!Files.exists(file)) {
            return List.of();
        }
        List<String> names;
        try {
            names = Files.readAllLines(file).stream().filter(line -> !line.isBlank()).toList();
        } catch (IOException e) {
            throw DatasetException.unreadable(file.toString(), e);
        }
        if (names.size() != CLASSES) {
            throw new DatasetException(
                    file
                            + " has "
                            + Count.of(names.size(), "name", "names")
                            + ", but CIFAR-10 has "
                            + CLASSES
                            + " classes, a name a line; download it again or remove it");
        }
        return names.subList(0, Arrays.stream(labels).max().orElse(-1) + 1);
    }

    private static byte[] read(Path file) {
        byte[] batch;
        try {
            batch = Files.readAllBytes(file);
        } catch (IOException e) {
            throw DatasetException.unreadable(file.toString(), e);
        }
        if (batch.length == 0 || batch.length % RECORD != 0) {
            throw new DatasetException(
                    file
                            + " has "
                            + batch.length
                            + " bytes, but a batch of CIFAR-10's binary version has a multiple of "
                            + RECORD
                            + "; download it again");
        }
        return batch;
    }

    private static int label(byte[] batch, int start, Path file) {
        int label = Byte.toUnsignedInt(batch[start]);
        if (label >= CLASSES) {
            throw new DatasetException(
                    file
                            + " has the label "
                            + label
                            + " at byte "
                            + start
                            + ", but those of CIFAR-10 are 0 to "
                            + (CLASSES - 1)
                            + "; use the binary version of CIFAR-10 or download it again");
        }
        return label;
    }

    @Override
    public int count() {
        return labels.classOf().length;
    }

    @Override
    public String location(int index) {
        Position position = position(index);
        return files.get(position.batch) + ", image " + position.record;
    }

    @Override
    public RgbImage read(int index) {
        Position position = position(index);
        int start = position.record * RECORD + 1;
        byte[] pixels =
                Arrays.copyOfRange(batches.get(position.batch), start, start + SHAPE.length());
        return RgbImage.of(SHAPE, pixels);
    }

    private record Position(int batch, int record) {}

    private Position position(int index) {
        int batch = 0;
        int record = index;
        while (record >= batches.get(batch).length / RECORD) {
            record -= batches.get(batch).length / RECORD;
            batch++;
        }
        return new Position(batch, record);
    }

    @Override
    public void close() {
        // The files were read and closed.
    }
}
