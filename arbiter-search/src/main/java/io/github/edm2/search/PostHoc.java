package io.github.edm2.search;

import java.io.Serializable;

/**
 * How a finished training is read and used: choices that need no training.
 *
 * @param sigmaRel length of the EMA, a relative standard deviation
 * @param images time of the training, in images
 * @param guidance strength of guidance in sampling, 1 for none
 * @param steps sampling steps
 */
public record PostHoc(double sigmaRel, long images, double guidance, int steps)
        implements Serializable {}
