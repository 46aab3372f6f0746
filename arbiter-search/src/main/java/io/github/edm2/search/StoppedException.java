package io.github.edm2.search;

/** A training has stopped at a checkpoint because the time of the search is over. */
final class StoppedException extends RuntimeException {

    private static final long serialVersionUID = 1;

    StoppedException() {
        super("the time of the search is over");
    }
}
