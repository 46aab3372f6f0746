/**
 * The layers and vertices at run time, a class for each: DL4J's {@code summary()} and messages
 * print the names of these classes, which are therefore those of the configurations.
 */
package io.github.edm2.layers.runtime;
