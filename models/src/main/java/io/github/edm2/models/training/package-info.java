/** Training of EDM2 (Karras et al., arXiv:2312.02696, appendix B). */
package io.github.edm2.models.training;
