/**
 * Pickles of Python objects, NumPy arrays and PyTorch tensors, read as plain data: nothing in a
 * file is ever run.
 */
package io.github.edm2.models.pickle;
