package io.github.edm2.tests.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.examples.DrawGrid;
import io.github.edm2.examples.FineTune;
import io.github.edm2.examples.FolderMetrics;
import io.github.edm2.examples.MpClassifier;
import io.github.edm2.examples.OfficialToPng;
import io.github.edm2.examples.PostHocEma;
import io.github.edm2.examples.SearchOwnNetwork;
import io.github.edm2.examples.TrainOnImages;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageFiles;
import io.github.edm2.models.data.Pixels;
import io.github.edm2.search.Study;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The small programs do what they say, with little data. */
class ExampleProgramsTest {

    private static final Path OFFICIAL = Path.of("src/test/resources/golden/official");

    @TempDir Path folder;

    @FunctionalInterface
    private interface Program {
        void main(String[] args) throws Exception;
    }

    /** Runs a program. */
    private static String run(Program program, Object... args) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            program.main(Arrays.stream(args).map(Object::toString).toArray(String[]::new));
        } finally {
            System.setOut(before);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    /** A folder for each class, with grey images of the embedded ones. */
    private Path images(String name, int perClass, String... classes) throws Exception {
        Path images = folder.resolve(name);
        try (ImageDataset dataset = EmbeddedImages.train(true)) {
            for (int i = 0, left = perClass * classes.length; left > 0; i++) {
                int label = dataset.label(i);
                Path of = label < classes.length ? images.resolve(classes[label]) : null;
                if (of != null && (!Files.exists(of) || count(of) < perClass)) {
                    ImageFiles.write(dataset.images(i), List.of(of.resolve(i + ".png")));
                    left--;
                }
            }
        }
        return images;
    }

    private static long count(Path folder) throws Exception {
        try (var files = Files.list(folder)) {
            return files.count();
        }
    }

    @Test
    void aNetworkIsTrainedDrawsAndIsTuned() throws Exception {
        Path network = folder.resolve("network.zip");
        run(TrainOnImages::main, images("clothes", 8, "0", "1", "2"), network, 2);
        NetworkFile trained = Edm2.read(network);
        assertEquals(3, trained.options().getLabelDim());

        Path grid = folder.resolve("grid.png");
        run(DrawGrid::main, network, grid, 2);
        BufferedImage drawn = ImageIO.read(grid.toFile());
        assertEquals(8 * (16 * 4 + 2) - 2, drawn.getWidth());
        assertEquals(3 * (16 * 4 + 2) - 2, drawn.getHeight());

        NetworkFile other =
                new NetworkFile(
                        trained.options(),
                        Edm2.builder().options(trained.options()).seed(7).build().init());
        Edm2.write(other, network);
        Path tuned = folder.resolve("tuned.zip");
        run(FineTune::main, network, images("others", 8, "bag", "coat"), tuned, 1);
        NetworkFile read = Edm2.read(tuned);
        assertEquals(List.of("bag", "coat"), read.classNames());
        String untrained = "unet.emb_fourier.freqs"; // drawn from the seed
        assertEquals(
                StateDict.of(other.graph()).get(untrained),
                StateDict.of(read.graph()).get(untrained));
    }

    @Test
    void officialImagesAreTheReleases() throws Exception {
        Path pickle = OFFICIAL.resolve("network.pkl");
        run(OfficialToPng::main, pickle, folder, 8, 4);
        INDArray expected = Golden.read("official/expected").get("images/steps4");
        List<Path> files = new ArrayList<>();
        for (int seed = 0; seed < expected.size(0); seed++) {
            files.add(folder.resolve("%06d.png".formatted(seed)));
        }
        try (ImageDataset drawn = ImageDataset.open(folder)) {
            INDArray difference =
                    Pixels.decode(drawn.images(0, 1, 2, 3, 4, 5, 6, 7))
                            .castTo(DataType.FLOAT)
                            .sub(expected.castTo(DataType.FLOAT));
            assertEquals(0, difference.amaxNumber().doubleValue(), 1);
        }
        Path guided = folder.resolve("guided");
        run(OfficialToPng::main, pickle, guided, 1, 4, pickle, 2);
        assertEquals(
                -1, Files.mismatch(files.get(0), guided.resolve("000000.png")), "guided by itself");
    }

    @Test
    void aClassifierIsAveragedAfterItsTraining() throws Exception {
        String said = run(PostHocEma::main, folder, 1);
        assertTrue(said.contains("kept sigma_rel 0."), said);
        MultiLayerNetwork best =
                MultiLayerNetwork.load(folder.resolve("classifier.zip").toFile(), false);
        try (ImageDataset heldOut = EmbeddedImages.heldOut(true)) {
            double accuracy =
                    best.evaluate(
                                    ImageBatches.builder(heldOut, 200)
                                            .epochs(1)
                                            .labelsAsTargets()
                                            .build())
                            .accuracy();
            assertTrue(accuracy > 0.75, "accuracy " + accuracy);
        }
    }

    @Test
    void aPerceptronIsSearched() throws Exception {
        Path study = folder.resolve("study");
        String said = run(SearchOwnNetwork::main, study, 1600);
        assertEquals(72, Study.read(study).ranked().size());
        assertTrue(Files.exists(study.resolve("best/network.zip")));
        assertTrue(said.contains("report.html"), said);
    }

    @Test
    void aFolderIsNearerToItselfThanToAnother() throws Exception {
        Path images = images("some", 20, "0", "1");
        double same = frechet(run(FolderMetrics::main, images, images));
        double other = frechet(run(FolderMetrics::main, images("shirts", 40, "0"), images));
        assertEquals(0, same, 1e-3);
        assertTrue(other > 1, "distance " + other);
        assertNotEquals(same, other);
    }

    private static double frechet(String said) {
        String line = said.lines().filter(l -> l.startsWith("Fr")).findFirst().orElseThrow();
        return Double.parseDouble(line.replaceFirst(".*: ", ""));
    }

    /** Its accuracy is tested in {@link MpClassifierTest}. */
    @Test
    void theClassifierOfMpLayersTellsItsAccuracy() throws Exception {
        String said = run(MpClassifier::main, 0);
        assertTrue(said.contains("accuracy on 2000 held-out images: "), said);
    }
}
