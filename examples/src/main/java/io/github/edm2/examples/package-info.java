/**
 * Small programs to copy from: each shows one thing that a program of one's own can do with the
 * library, from top to bottom. The command line is in {@link io.github.edm2.examples.cli}.
 */
package io.github.edm2.examples;
