package io.github.edm2.examples.cli;

import io.github.edm2.ema.StoredAverage;
import io.github.edm2.models.checkpoint.NetworkFile;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Averages stored during one training, and how a reconstruction becomes a network. */
interface Snapshots {

    /** Images in a thousand. */
    long KIMG = 1000;

    /** What is stored, in the order of image counts; files may be missing or damaged. */
    List<StoredAverage> averages();

    /** Files that are no part of {@link #averages} because they are damaged: a sentence each. */
    default List<String> faults() {
        return List.of();
    }

    /**
     * Shapes of the tensors to average, by the names that they have in the files.
     *
     * @param network one of the training; gives the order
     * @throws CommandException if they belong to another network
     */
    Map<String, List<Long>> shapes(NetworkFile network);

    /** The image count that a number of thousands stands for. */
    long images(double kimg);

    /** An image count in the name of a network file. */
    String kimg(long images);

    /**
     * A network of the training.
     *
     * @param average one of {@link #averages}, for trainings that keep no other network
     */
    NetworkFile network(StoredAverage average) throws IOException;
}
