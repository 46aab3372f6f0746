/** Sampling from a denoiser (Karras et al., arXiv:2206.00364); the network knows nothing of it. */
package io.github.edm2.models.sampling;
