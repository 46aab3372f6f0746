/**
 * Arbiter's spaces of the magnitude-preserving layers that have hyperparameters, for searches over
 * one's own networks with {@code ComputationGraphSpace}. Layers without any are given to it as they
 * are. Arbiter's JSON keeps these spaces, but reads no layer that was given as it is, and makes two
 * spaces of one that stands in two places.
 */
package io.github.edm2.search.layers;
