/**
 * How like a set of real images a set of generated ones is, from the features that a network sees
 * in them: Fréchet and kernel distance, precision and recall. What the features are does not matter
 * here.
 */
package io.github.edm2.models.metrics;
