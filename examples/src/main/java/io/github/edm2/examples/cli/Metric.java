package io.github.edm2.examples.cli;

/** What the table of metrics has a column for, in this order. */
enum Metric {
    FRECHET("Fréchet distance"),
    KERNEL("kernel distance"),
    PRECISION("precision"),
    RECALL("recall"),
    DENSITY("density"),
    COVERAGE("coverage"),
    NAMED("named right");

    private final String header;

    Metric(String header) {
        this.header = header;
    }

    /** Heading of the column. */
    String header() {
        return header;
    }
}
