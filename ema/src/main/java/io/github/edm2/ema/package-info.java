/**
 * Power-function and post-hoc EMA for any Deeplearning4j or SameDiff model (Karras et al.,
 * arXiv:2312.02696, section 3).
 */
package io.github.edm2.ema;
