package io.github.edm2.models.data;

import java.util.NoSuchElementException;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Batches of a dataset in shuffled order, for ever or for a number of epochs.
 *
 * <p>Which image stands at position p of the endless sequence, whether it is mirrored, and which
 * sample of its latents is drawn if it has any, depends on the seed and p alone: every epoch is a
 * permutation of the dataset drawn from (seed, epoch). Training that resumes at an image count
 * therefore draws what an unbroken run would have drawn, with any batch size.
 *
 * <p>A batch has the features {images [batch, channels, height, width]}, or {images, one-hot labels
 * [batch, classes]} if the dataset has labels. Its labels are {images}, the same array, so that
 * {@code fit} accepts it as it is; a preprocessor can replace both. {@link Builder#labelsAsTargets}
 * gives the batches of a classifier instead. Batches may extend over the end of an epoch; only the
 * last one of a limited number of epochs can be smaller. Not safe for use by several threads at a
 * time.
 */
public final class ImageBatches implements MultiDataSetIterator {

    private static final long serialVersionUID = 1L;

    /** Keeps the decisions to mirror independent of the order of the images. */
    private static final long MIRROR_STREAM = 0x6d6972726f72L;

    /** The same for the samples of latents. */
    private static final long LATENT_STREAM = 0x6c6174656e74L;

    private final transient ImageDataset dataset;
    private final int batchSize;
    private final long startImage;
    private final long endImage;
    private final boolean xflip;
    private final boolean labelsAsTargets;
    private final long orderSeed;
    private final long mirrorSeed;
    private final long latentSeed;

    private long position;
    private long passStart;
    private long passEnd;
    private long epoch = -1;
    private int[] order;
    private MultiDataSetPreProcessor preProcessor;

    private ImageBatches(Builder builder) {
        this.dataset = builder.dataset;
        this.batchSize = builder.batchSize;
        this.startImage = builder.startImage;
        this.endImage = builder.endImage;
        this.xflip = builder.xflip;
        this.labelsAsTargets = builder.labelsAsTargets;
        // Mixed, so that neighbouring seeds do not give the same epochs one later.
        this.orderSeed = new SplittableRandom(builder.seed).nextLong();
        this.mirrorSeed = new SplittableRandom(builder.seed ^ MIRROR_STREAM).nextLong();
        this.latentSeed = new SplittableRandom(builder.seed ^ LATENT_STREAM).nextLong();
        seek(startImage);
    }

    /**
     * Starts from the defaults: seed 0, from image 0 for ever, no mirroring.
     *
     * @param dataset not closed by the iterator
     * @param batchSize images in a batch, at least 1
     */
    public static Builder builder(ImageDataset dataset, int batchSize) {
        return new Builder(dataset, batchSize);
    }

    /** Whether there is a further image; always, unless the number of epochs is limited. */
    @Override
    public boolean hasNext() {
        return position < passEnd;
    }

    @Override
    public MultiDataSet next() {
        return next(batchSize);
    }

    /**
     * The next {@code num} images, or what is left of the last epoch.
     *
     * @param num at least 1
     * @throws NoSuchElementException after the last epoch
     * @throws DatasetException if an image is damaged
     */
    @Override
    public MultiDataSet next(int num) {
        requireAtLeast(1, num, "num");
        if (!hasNext()) {
            throw new NoSuchElementException(
                    "All epochs are done at image " + position + "; reset or seek first");
        }
        int size = (int) Math.min(num, passEnd - position);
        int[] indices = new int[size];
        boolean[] mirrored = new boolean[size];
        long[] latentSeeds = new long[size];
        for (int i = 0; i < size; i++) {
            indices[i] = indexAt(position + i);
            mirrored[i] = xflip && new SplittableRandom(mirrorSeed + position + i).nextBoolean();
            latentSeeds[i] = latentSeed + position + i;
        }
        INDArray images = dataset.images(indices, mirrored, latentSeeds);
        MultiDataSet batch =
                batch(images, dataset.isConditional() ? dataset.labels(indices) : null);
        position += size;
        if (preProcessor != null) {
            preProcessor.preProcess(batch);
        }
        return batch;
    }

    private MultiDataSet batch(INDArray images, INDArray labels) {
        if (labelsAsTargets) {
            return new org.nd4j.linalg.dataset.MultiDataSet(images, labels);
        }
        INDArray[] features =
                labels == null ? new INDArray[] {images} : new INDArray[] {images, labels};
        return new org.nd4j.linalg.dataset.MultiDataSet(features, new INDArray[] {images});
    }

    /** Index in the dataset of the image at a position of the endless sequence. */
    private int indexAt(long image) {
        long wanted = image / dataset.count();
        if (wanted != epoch) {
            order = permutation(dataset.count(), orderSeed + wanted);
            epoch = wanted;
        }
        return order[(int) (image % dataset.count())];
    }

    /** Fisher-Yates shuffle of 0 to count - 1. */
    private static int[] permutation(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** Number of images drawn since image 0: the position of the next batch. */
    public long position() {
        return position;
    }

    /**
     * Continues at an image count, in the first pass.
     *
     * @param image at least 0
     */
    public void seek(long image) {
        requireAtLeast(0, image, "image");
        position = image;
        passStart = startImage;
        passEnd = endImage;
    }

    /**
     * Begins the next pass over the limited number of epochs, if this one has begun: {@code
     * fit(iterator, epochs)} sees every epoch in an order of its own. Without a limit there is one
     * endless pass, which begins again.
     */
    @Override
    public void reset() {
        if (position != passStart && endImage != Long.MAX_VALUE) {
            passStart = passEnd;
            passEnd += endImage;
        }
        position = passStart;
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    @Override
    public boolean asyncSupported() {
        return true;
    }

    /**
     * Sets what is applied to every batch.
     *
     * @param preProcessor may be null
     */
    @Override
    public void setPreProcessor(MultiDataSetPreProcessor preProcessor) {
        this.preProcessor = preProcessor;
    }

    @Override
    public MultiDataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }

    private static void requireAtLeast(long least, long value, String name) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name + " must be at least " + least + ", got " + value);
        }
    }

    /** Options of {@link ImageBatches}. */
    public static final class Builder {

        private final ImageDataset dataset;
        private final int batchSize;
        private long seed;
        private long startImage;
        private long endImage = Long.MAX_VALUE;
        private boolean xflip;
        private boolean labelsAsTargets;

        private Builder(ImageDataset dataset, int batchSize) {
            requireAtLeast(1, batchSize, "batchSize");
            this.dataset = dataset;
            this.batchSize = batchSize;
        }

        /** Seed of the order, the mirroring and the samples of latents; 0 unless set. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** Image count at which to start, for a resumed run, at least 0; 0 unless set. */
        public Builder startImage(long startImage) {
            requireAtLeast(0, startImage, "startImage");
            this.startImage = startImage;
            return this;
        }

        /**
         * Ends after this many epochs, at least 1, counted from image 0 whatever the start; without
         * limit unless set.
         */
        public Builder epochs(int epochs) {
            requireAtLeast(1, epochs, "epochs");
            this.endImage = (long) epochs * dataset.count();
            return this;
        }

        /** Whether to mirror each image left to right with probability 1/2; not unless set. */
        public Builder xflip(boolean xflip) {
            this.xflip = xflip;
            return this;
        }

        /**
         * Gives batches to train a classifier with: features {images}, labels {one-hot labels}.
         *
         * @throws IllegalArgumentException if the dataset has no labels
         */
        public Builder labelsAsTargets() {
            if (!dataset.isConditional()) {
                throw new IllegalArgumentException(
                        "Dataset %s has no labels to be targets; open one that has labels"
                                .formatted(dataset.name()));
            }
            this.labelsAsTargets = true;
            return this;
        }

        /** Makes the iterator. */
        public ImageBatches build() {
            return new ImageBatches(this);
        }
    }
}
