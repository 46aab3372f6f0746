/**
 * Images in and out: datasets of PNG or IDX files or of latents and their making, batches in a
 * reproducible order for training, PNG files and grids of generated images, and the small dataset
 * that comes with this library.
 */
package io.github.edm2.models.data;
