/**
 * Preconditioning, noise, loss and learning rate of EDM2 (Karras et al., arXiv:2312.02696, Eq.
 * 14-21), as vertices and layers of a ComputationGraph and as SameDiff functions.
 */
package io.github.edm2.models.diffusion;
