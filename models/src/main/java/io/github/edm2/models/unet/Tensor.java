package io.github.edm2.models.unet;

/**
 * A value in a network under assembly.
 *
 * @param name of the vertex that gives it
 * @param channels size of axis 1
 * @param resolution height and width; 0 for a vector per example
 */
record Tensor(String name, int channels, int resolution) {}
