package io.github.edm2.examples;

import io.github.edm2.ema.ReconstructedWeights;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.models.checkpoint.NetworkFile;
import java.util.List;
import java.util.Map;

/** Averages stored during one training, and how a reconstruction becomes a network. */
interface Snapshots {

    /** Images in a thousand. */
    long KIMG = 1000;

    /** What is stored. */
    List<StoredAverage> averages();

    /** Shapes of the tensors to average, by the names that they have in the files. */
    Map<String, List<Long>> shapes();

    /** The image count that a number of thousands stands for. */
    long images(double kimg);

    /** An image count in the name of a network file. */
    String kimg(long images);

    /** A network of the training, into which reconstructions can be put. */
    NetworkFile network();

    /** Puts a reconstruction into {@link #network}. */
    void apply(ReconstructedWeights average, NetworkFile network);
}
