package io.github.edm2.models.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.TinyNetwork;
import io.github.edm2.models.data.DatasetException;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import io.github.edm2.models.unet.NetworkOptions;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NoSuchElementException;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Loading ahead changes neither the numbers nor the moment at which something goes wrong. */
class TrainerTest {

    private static final int IMAGES = 4;
    private static final int BATCH = 2;
    private static final long SEED = 5;

    @TempDir Path folder;

    private final NetworkOptions options = TinyNetwork.options().imgChannels(1).labelDim(0).build();

    @BeforeEach
    void writeImages() throws IOException {
        for (int i = 0; i < IMAGES; i++) {
            BufferedImage image = new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_GRAY);
            for (int p = 0; p < 16; p++) {
                image.getRaster().setSample(p % 4, p / 4, 0, 50 * i + p);
            }
            ImageIO.write(image, "png", file(i).toFile());
        }
    }

    private Path file(int image) {
        return folder.resolve(image + ".png");
    }

    private ComputationGraph graph() {
        return Edm2.builder()
                .seed(SEED)
                .options(options)
                .updater(new FiniteAdam(new LearningRateSchedule(1e-2, 0, 0, BATCH)))
                .build()
                .init();
    }

    private static ImageBatches batches(ImageDataset data) {
        return ImageBatches.builder(data, BATCH).seed(SEED).epochs(2).build();
    }

    private Trainer trainer(ComputationGraph graph, ImageBatches batches) {
        return new Trainer(graph, batches, BATCH, -1, 1, SEED);
    }

    @Test
    void trainsAsOneStepAfterTheOther() {
        ImageDataset data = ImageDataset.open(folder, false);
        ComputationGraph expected = graph();
        ImageBatches batches = batches(data);
        NoisePreProcessor noise = new NoisePreProcessor(-1, 1, SEED, 0);
        MicroBatches steps = new MicroBatches(expected, BATCH);
        while (batches.hasNext()) {
            MultiDataSet batch = batches.next();
            noise.preProcess(batch);
            steps.fit(batch);
        }
        ComputationGraph actual = graph();
        try (Trainer trainer = trainer(actual, batches(data))) {
            for (long images = BATCH; images <= 2 * IMAGES; images += BATCH) {
                trainer.step();
                assertEquals(images, trainer.images());
            }
            assertThrows(NoSuchElementException.class, trainer::step);
        }
        assertEquals(expected.params(), actual.params());
    }

    @Test
    void loadsTheNextBatchWithoutBeingAskedForIt() {
        ImageBatches batches = batches(ImageDataset.open(folder, false));
        Trainer trainer = trainer(graph(), batches);
        trainer.step();
        trainer.close();
        assertEquals(2 * BATCH, batches.position());
        assertEquals(BATCH, trainer.images());
    }

    @Test
    void damagedImageFailsTheStepThatNeedsIt() throws IOException {
        int damaged = lastOfTheEpoch();
        byte[] bytes = Files.readAllBytes(file(damaged));
        bytes[bytes.length - 20] ^= 1; // in the checked pixels
        Files.write(file(damaged), bytes);
        try (Trainer trainer = trainer(graph(), batches(ImageDataset.open(folder, false)))) {
            trainer.step();
            DatasetException e = assertThrows(DatasetException.class, trainer::step);
            assertTrue(e.getMessage().contains(damaged + ".png"), e.getMessage());
            assertEquals(BATCH, trainer.images());
        }
    }

    /** Tells by the first pixel, which is that of no other image. */
    private int lastOfTheEpoch() {
        ImageDataset data = ImageDataset.open(folder, false);
        ImageBatches single = ImageBatches.builder(data, 1).seed(SEED).epochs(1).build();
        MultiDataSet last = null;
        while (single.hasNext()) {
            last = single.next();
        }
        for (int i = 0; i < IMAGES; i++) {
            if (data.images(i).equals(last.getFeatures(0))) {
                return i;
            }
        }
        throw new IllegalStateException("the last image is none of the dataset");
    }
}
