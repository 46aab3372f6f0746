/** Hyperparameter search over EMA length and learning rate with Arbiter. */
package io.github.edm2.search;
