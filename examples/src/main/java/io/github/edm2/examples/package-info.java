/** Command line and example programs. */
package io.github.edm2.examples;
