package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Rows of images by their place in groups: a matrix [rows of a group, groups batch (1 + width)
 * channels], in which the same row of all groups of all images lies together, with a pixel of zeros
 * before each row of an image. Groups may overlap; rows outside the images are zero. Images are
 * [batch, height, width, channels].
 */
final class RowGroups {

    /** Rows of a group from (inclusive) to to (exclusive), in the groups from first on. */
    private record Rows(int from, int to, int first, int groups) {}

    private final INDArray vector;
    private final long batch;
    private final int size;
    private final long channels;
    private final int rows;
    private final int step;
    private final int first;
    private final int count;

    /**
     * @param memory vector whose first numbers are used
     * @param size height and width of the images
     * @param rows of a group; those more than step are half before and half behind its own
     * @param step rows of the images from one group to the next
     * @param first group
     * @param count of groups
     */
    RowGroups(
            INDArray memory,
            long batch,
            int size,
            long channels,
            int rows,
            int step,
            int first,
            int count) {
        this.batch = batch;
        this.size = size;
        this.channels = channels;
        this.rows = rows;
        this.step = step;
        this.first = first;
        this.count = count;
        vector = memory.get(NDArrayIndex.interval(0, rows * columns()));
    }

    /** Numbers of a row of one group, of all images with their padding. */
    static long columnsOfGroup(long batch, int size, long channels) {
        return batch * (size + 1) * channels;
    }

    /** Numbers of a row of the matrix. */
    private long columns() {
        return count * columnsOfGroup(batch, size, channels);
    }

    INDArray matrix() {
        return vector.reshape('c', rows, columns());
    }

    /** Copies rows from images, and sets all padding to zero. */
    Runnable from(INDArray images) {
        List<Runnable> operations = new ArrayList<>();
        operations.add(zeroFirstPixels());
        for (int row = 0; row < rows; row++) {
            Rows inside = inside(row);
            int before = inside.first - first;
            int behind = count - before - inside.groups;
            if (before > 0) {
                operations.add(zero(groups(row, 0, before)));
            }
            if (behind > 0) {
                operations.add(zero(groups(row, count - behind, behind)));
            }
        }
        for (Rows run : runs(0, rows)) {
            operations.add(Prepared.copy(of(images, run), inner(run)));
        }
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    /** Copies rows that lie in the images to them; no two groups may share one. */
    Runnable to(INDArray images) {
        return to(images, 0, rows);
    }

    private Runnable to(INDArray images, int from, int to) {
        return Prepared.sequence(
                runs(from, to).stream()
                        .map(run -> Prepared.copy(inner(run), of(images, run)))
                        .toArray(Runnable[]::new));
    }

    /**
     * The same where groups have one row before and one behind those of their own, which belong to
     * their neighbours: adds them to those. The groups before the first must have been added
     * before: they leave what belongs to the first in the images, as these do for the next.
     */
    Runnable addTo(INDArray images) {
        int last = rows - 1;
        List<Runnable> operations = new ArrayList<>();
        if (count > 1) {
            operations.add(add(groups(last - 1, 0, count - 1), groups(0, 1, count - 1)));
            operations.add(add(groups(1, 1, count - 1), groups(last, 0, count - 1)));
        }
        if (first > 0) {
            Rows before = new Rows(0, 1, first, 1);
            Rows own = new Rows(1, 2, first, 1);
            operations.add(add(of(images, before), inner(before)));
            operations.add(add(inner(own), of(images, own)));
        }
        operations.add(to(images, 1, last));
        if ((first + count) * step < size) {
            Rows behind = new Rows(last, rows, first + count - 1, 1);
            operations.add(Prepared.copy(inner(behind), of(images, behind)));
        }
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    private static Runnable add(INDArray sum, INDArray term) {
        return Prepared.add(sum, term, sum);
    }

    /** As a broadcast product: any other way takes (M2.1, CPU) five times as long. */
    private Runnable zeroFirstPixels() {
        long all = rows * count * batch;
        INDArray pixels =
                vector.reshape('c', all, (size + 1) * channels)
                        .get(NDArrayIndex.all(), NDArrayIndex.interval(0, channels));
        DataType type = vector.dataType();
        return Prepared.multiply(Nd4j.zeros(type, 1, channels), Nd4j.ones(type, all, 1), pixels);
    }

    /** Sets a view to zero. */
    static Runnable zero(INDArray view) {
        return Prepared.copy(Nd4j.zeros(view.dataType(), view.shape()), view);
    }

    /** Rows that lie in the images, together where they do in the same groups. */
    private List<Rows> runs(int from, int to) {
        List<Rows> runs = new ArrayList<>();
        for (int row = from; row < to; row++) {
            Rows next = inside(row);
            Rows before = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            if (next.groups == 0) {
                continue;
            }
            if (before != null
                    && before.to == row
                    && before.first == next.first
                    && before.groups == next.groups) {
                runs.set(runs.size() - 1, new Rows(before.from, next.to, next.first, next.groups));
            } else {
                runs.add(next);
            }
        }
        return runs;
    }

    /** Where a group's row is in the images, or outside them. */
    private int imageRow(int group, int row) {
        return group * step + row - (rows - step) / 2;
    }

    /** The groups in which a row lies in the images. */
    private Rows inside(int row) {
        int from = first;
        int to = first + count;
        while (from < to && imageRow(from, row) < 0) {
            from++;
        }
        while (from < to && imageRow(to - 1, row) >= size) {
            to--;
        }
        return new Rows(row, row + 1, from, to - from);
    }

    /** [rows, groups, batch, width channels]. */
    private INDArray of(INDArray images, Rows part) {
        long start = imageRow(part.first, part.from) * images.stride(1);
        return Nd4j.create(
                images.data(),
                new long[] {part.to - part.from, part.groups, batch, size * channels},
                new long[] {images.stride(1), step * images.stride(1), images.stride(0), 1},
                images.offset() + start,
                'c');
    }

    /** [rows, groups, batch, width channels], without the padding. */
    private INDArray inner(Rows part) {
        int from = part.first - first;
        return vector.reshape('c', rows, count, batch, (size + 1) * channels)
                .get(
                        NDArrayIndex.interval(part.from, part.to),
                        NDArrayIndex.interval(from, from + part.groups),
                        NDArrayIndex.all(),
                        NDArrayIndex.interval(channels, (size + 1) * channels));
    }

    /** Some groups of one row, with padding, a vector. */
    private INDArray groups(int row, int from, int groups) {
        long ofGroup = columns() / count;
        long start = (row * count + from) * ofGroup;
        return vector.get(NDArrayIndex.interval(start, start + groups * ofGroup));
    }
}
