package io.github.edm2.models.unet;

/**
 * A value in a network under assembly.
 *
 * @param <T> what the assembler refers to values by
 * @param value the assembler's handle
 * @param channels size of axis 1
 * @param resolution height and width; 0 for a vector per example
 */
record Tensor<T>(T value, int channels, int resolution) {}
