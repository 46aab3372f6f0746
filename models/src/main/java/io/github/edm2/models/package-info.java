/** The EDM2 network as a Deeplearning4j zoo entry. */
package io.github.edm2.models;
