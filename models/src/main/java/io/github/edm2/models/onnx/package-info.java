/**
 * Networks of others, run by ONNX Runtime: any ONNX file, and the autoencoder of Stable Diffusion
 * whose latents the networks of ImageNet-512 make.
 */
package io.github.edm2.models.onnx;
