/** Networks in files, and the names that the official release gives to their parameters. */
package io.github.edm2.models.checkpoint;
