/**
 * Plans: the operations of a graph, made once on arrays that are allocated once. Internal: the
 * layers of this project say here how they are planned; a program uses {@link
 * io.github.edm2.layers.FastGraph}. Anything in this package may change with any version.
 */
package io.github.edm2.layers.plan;
