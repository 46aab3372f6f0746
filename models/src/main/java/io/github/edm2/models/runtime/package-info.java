/** The network's own layers and vertices at run time, called as their configurations are. */
package io.github.edm2.models.runtime;
