package io.github.edm2.search;

import java.io.Serializable;

/**
 * A candidate of the search.
 *
 * @param training what is trained
 * @param postHoc how it is read and used
 */
public record Trial(Hyperparameters training, PostHoc postHoc) implements Serializable {}
