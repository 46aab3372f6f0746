package io.github.edm2.ema;

import java.util.function.Supplier;

/**
 * An average in a file, from which others can be reconstructed.
 *
 * @param at its profile and time
 * @param file opens the file
 */
public record StoredAverage(ProfileAt at, Supplier<? extends TensorFile> file) {}
