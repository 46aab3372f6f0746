package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.ema.AverageName;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.EmbeddedDetector;
import io.github.edm2.models.metrics.Evaluation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Searches over EDM2 networks, with the embedded images and few steps. */
@Timeout(300)
class Edm2SearchTest {

    private static final Preset PRESET = Preset.of("edm2-16-tiny");

    @TempDir Path folder;

    private static Trial trial(Map<String, Object> values, double guidance) {
        return new Trial(new Hyperparameters(values), new PostHoc(0.1, 64, guidance, 2));
    }

    @Test
    void scoresEachCandidateByLossAndFrechetDistanceAndExportsTheBest() throws IOException {
        try (ImageDataset data = EmbeddedImages.train(true);
                ImageDataset heldOut = EmbeddedImages.heldOut(true);
                Detector detector = EmbeddedDetector.load()) {
            Edm2Recipe recipe = new Edm2Recipe(PRESET, data);
            Evaluation real = Evaluation.of(heldOut, List.of(detector), 200, false, n -> {}).get(0);
            HeldOutScore loss = new HeldOutScore(heldOut, PRESET, 32, 1, 0);
            PostHocSpace choices =
                    new PostHocSpace(
                            EmaLengthSpace.of(0.05, 0.15),
                            List.of(31L, 62L),
                            List.of(1.0),
                            List.of(2, 3));
            SearchSummary found =
                    PostHocEmaSearch.builder()
                            .study(folder)
                            .space(
                                    Edm2Space.builder()
                                            .learningRate(new DiscreteParameterSpace<>(0.01, 0.02))
                                            .batch(new DiscreteParameterSpace<>(32))
                                            .channels(new DiscreteParameterSpace<>(16))
                                            .build())
                            .choices(choices)
                            .recipe(recipe)
                            .scores(
                                    loss,
                                    new FrechetScore(
                                            recipe, detector, real.statistics(), null, 20, 10))
                            .objective(Objective.lowest("frechet_embedded"))
                            .snapshotEvery(31)
                            .build()
                            .run();
            List<TrialResult> results = found.study().results();
            assertEquals(16, results.size());
            for (TrialResult result : results) {
                assertEquals(TrialResult.Status.COMPLETE, result.status(), result.message());
            }
            assertEquals(124, found.study().imagesTrained());
            assertEquals(248, found.study().imagesOfExhaustiveSearch());
            // Sampling steps change the samples and not the loss.
            assertEquals(
                    results.get(0).scores().get(HeldOutScore.NAME),
                    results.get(1).scores().get(HeldOutScore.NAME));
            assertTrue(
                    !results.get(0)
                            .scores()
                            .get("frechet_embedded")
                            .equals(results.get(1).scores().get("frechet_embedded")));

            TrialResult best = found.best().orElseThrow();
            NetworkFile exported = Edm2.read(folder.resolve("best/network.zip"));
            assertEquals(16, exported.options().getModelChannels());
            assertEquals(
                    best.scores().get(HeldOutScore.NAME),
                    loss.of(exported.graph(), best.trial()).get(HeldOutScore.NAME),
                    1e-9);
            String page = Files.readString(SearchReport.write(found.study()));
            assertTrue(
                    page.contains(
                            "edm2 phema --indir %s --outstd %s --outkimg %s"
                                    .formatted(
                                            found.study().run(best),
                                            AverageName.length(best.postHoc().sigmaRel()),
                                            best.postHoc().images() == 31 ? "0.032" : "0.064")));
        }
    }

    @Test
    void theLossByNoiseLevelsAddsUpToTheWhole() {
        try (ImageDataset data = EmbeddedImages.train(true);
                ImageDataset heldOut = EmbeddedImages.heldOut(true)) {
            Trial trial = trial(Map.of("channels", 16), 1);
            HeldOutScore score = new HeldOutScore(heldOut, PRESET, 30, 10, 0);
            Map<String, Double> losses =
                    score.of(new Edm2Recipe(PRESET, data).network(trial.training()), trial);
            assertEquals(score.names(), List.copyOf(losses.keySet()));
            double parts = 0;
            for (String name : score.names().subList(1, 4)) {
                parts += losses.get(name) / 3;
            }
            // Thirds of the distribution; 300 drawn levels are not exactly 100 each.
            assertEquals(losses.get(HeldOutScore.NAME), parts, 0.1 * parts);
        }
    }

    @Test
    void optionsThatAreNotSearchedAreThePresets() {
        try (ImageDataset data = EmbeddedImages.train(true)) {
            Edm2Recipe recipe = new Edm2Recipe(PRESET, data);
            Hyperparameters none = new Hyperparameters(Map.of());
            assertEquals(32, recipe.options(none).getModelChannels());
            assertEquals(
                    0.25,
                    recipe.options(new Hyperparameters(Map.of("dropout", 0.25))).getDropout());
            assertEquals(
                    "An axis of EDM2 must be one of lr, decay, batch, dropout, P_mean, P_std, channels, seed, got rate",
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> Edm2Space.builder().axis("rate", null))
                            .getMessage());
        }
    }

    /** Without a guide there is nothing that a strength could apply to. */
    @Test
    void guidanceWithoutGuideIsRefused() throws IOException {
        try (ImageDataset data = EmbeddedImages.train(true);
                Detector detector = EmbeddedDetector.load()) {
            Edm2Recipe recipe = new Edm2Recipe(PRESET, data);
            FrechetScore score = new FrechetScore(recipe, detector, null, null, 2, 2);
            Trial trial = trial(Map.of("channels", 16), 2);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> score.of(recipe.network(trial.training()), trial));
        }
    }
}
