/** Arrays in the NPY format of NumPy, of which nothing is believed before it is checked. */
package io.github.edm2.models.npy;
