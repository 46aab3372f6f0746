package io.github.edm2.models.pickle;

import java.util.Map;

/**
 * An object of a class whose source text the official release stores beside its data; the text is
 * skipped.
 *
 * @param className for instance {@code Precond}
 * @param state its attributes
 */
public record PersistentObject(String className, Map<?, ?> state) {}
