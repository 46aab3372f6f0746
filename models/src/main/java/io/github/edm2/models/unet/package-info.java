/**
 * The EDM2 network (Karras et al., arXiv:2312.02696, Fig. 21): its topology, described once, and
 * the assemblers that make a ComputationGraph, a SameDiff graph or a cost summary of it.
 */
package io.github.edm2.models.unet;
