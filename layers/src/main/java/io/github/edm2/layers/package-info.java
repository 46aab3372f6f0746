/**
 * Magnitude-preserving primitives as Deeplearning4j layers and SameDiff functions (Karras et al.,
 * arXiv:2312.02696); nothing here knows of diffusion.
 */
package io.github.edm2.layers;
