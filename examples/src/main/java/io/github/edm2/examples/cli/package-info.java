/** The program {@code edm2}: a class for each command, and what the commands share. */
package io.github.edm2.examples.cli;
