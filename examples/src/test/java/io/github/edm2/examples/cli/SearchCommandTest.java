package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands of searches, on the embedded images with few steps. */
class SearchCommandTest {

    private static final String SMALL =
            """
            {"axes": {"lr": [0.01, 0.02], "channels": [16], "batch": [32]},
             "ema-lengths": [0.05, 0.15], "times": [64], "snapshot-every": 32, "steps": [2]}
            """;

    @TempDir Path folder;

    private Path config(String json) throws IOException {
        return Files.writeString(folder.resolve("search.json"), json);
    }

    private Object[] run(Path config, Object... more) {
        List<Object> args =
                new ArrayList<>(List.of("search", "run", "--study", study(), "--config", config));
        args.addAll(List.of(more));
        return args.toArray();
    }

    private Path study() {
        return folder.resolve("study");
    }

    @Test
    void aStudyInTwoPartsIsThatOfOneAndItsWinnerDraws() throws IOException {
        Path config = config(SMALL);
        String begun = Cli.succeed(run(config, "--max-candidates", 3));
        assertTrue(begun.contains("stopped after 3 candidates"), begun);
        String done = Cli.succeed(run(config));
        assertTrue(done.contains("done after 4 candidates and 128 images trained"), done);

        String status = Cli.succeed("search", "status", "--study", study());
        assertTrue(status.startsWith("4 candidates scored, 0 failed, 0 given up early"), status);
        Files.delete(study().resolve("report.html"));
        Cli.succeed("search", "report", "--study", study());
        String page = Files.readString(study().resolve("report.html"));
        assertFalse(page.matches("(?s).*@[A-Z]+@.*"), "a place in the page was not filled");

        Path images = folder.resolve("images");
        Path winner = study().resolve("best/network.zip");
        Cli.succeed(
                "generate", "--net", winner, "--steps", 2, "--seeds", "0-1", "--outdir", images);
        assertTrue(Files.exists(images.resolve("000001.png")));
    }

    @Test
    void theCommandsOfTheReportWorkAsPrinted() throws IOException {
        Cli.succeed(run(config(SMALL.replace("0.01, 0.02", "0.01").replace("0.05, ", ""))));
        String page = Files.readString(study().resolve("report.html"));
        List<String> commands =
                Pattern.compile("edm2 (phema|generate) .*?(?=\n|</pre>)")
                        .matcher(page)
                        .results()
                        .map(MatchResult::group)
                        .toList();
        assertEquals(2, commands.size(), page);
        for (String command : commands) {
            // The folders of results are relative to that of the search.
            Cli.succeed(
                    (Object[])
                            command.replace("0-63", "0-1")
                                    .replaceAll("(candidate|images)-\\d", folder + "/$0")
                                    .replaceFirst("edm2 ", "")
                                    .split(" "));
        }
        assertTrue(Files.exists(folder.resolve("images-0/000001.png")));
    }

    @Test
    void cautionsAndUnitsAreToldByEachCommand() throws IOException {
        String ran = Cli.succeed(run(config(SMALL)));
        String status = Cli.succeed("search", "status", "--study", study());
        String report = Cli.succeed("search", "report", "--study", study());
        for (String out : List.of(ran, status, report)) {
            assertTrue(out.contains("lies at the edge of lr"), out);
        }
        assertTrue(ran.contains("loss per element"), ran);
        assertTrue(status.contains("loss per element"), status);
    }

    @Test
    void aSearchInWhichEverythingFailedEndsWithAnErrorAndSaysWhy() throws IOException {
        String bad =
                "{\"axes\": {\"lr\": [0.01], \"channels\": [16], \"batch\": [0]}, \"times\": [640]}";
        Cli failed = Cli.run(run(config(bad)));
        assertEquals(1, failed.code(), failed.out() + failed.err());
        assertTrue(failed.err().contains("failed: 25 candidates without a score"), failed.err());
        String status = Cli.succeed("search", "status", "--study", study());
        assertTrue(status.contains("failed: 25 candidates without a score"), status);
    }

    /** The rate of the first training ends it; both have 16 steps of 4 images. */
    @Test
    void aTrainingThatDivergesFailsAndTheOthersGoOn() throws IOException {
        String json =
                """
                {"axes": {"lr": [1e30, 0.01], "channels": [16], "batch": [4]},
                 "ema-lengths": [0.05, 0.15], "times": [64], "snapshot-every": 64, "steps": [2]}
                """;
        String out = Cli.succeed(run(config(json)));
        assertTrue(out.contains("done after 4 candidates (2 failed) and "), out);
        assertEquals(
                2,
                Pattern.compile(
                                "candidate \\d failed: The training of lr=1.0E30.* failed after (24|28) images"
                                        + " \\(the loss is not a number \\(NaN\\) in 5 steps in a row; search lower")
                        .matcher(out)
                        .results()
                        .count(),
                out);
        assertTrue(out.contains("best: candidate 2, loss per element"), out);
    }

    /** Guided by the network of a study before, stronger guidance makes other samples. */
    @Test
    void guidanceAndStepsAreAxesOfTheFrechetDistance() throws IOException {
        Cli.succeed(run(config(SMALL), "--max-candidates", 1));
        Path guide = folder.resolve("guide.zip");
        Files.copy(study().resolve("best/network.zip"), guide);
        Path second = folder.resolve("second");
        String json =
                """
                {"axes": {"channels": [16], "batch": [32]}, "ema-lengths": [0.1], "times": [32],
                 "snapshot-every": 32, "steps": [2, 3], "guidance": [1, 2], "guide": "%s",
                 "scores": ["frechet"], "samples": 20, "objective": "frechet_embedded"}
                """
                        .formatted(guide);
        Cli.succeed("search", "run", "--study", second, "--config", config(json));
        List<String> lines = Files.readAllLines(second.resolve("results.jsonl"));
        assertEquals(4, lines.size());
        assertEquals(
                4,
                lines.stream().map(line -> line.replaceAll(".*\"scores\"", "")).distinct().count(),
                lines::toString);
    }

    @Test
    void theConfigurationCanBePrintedAndReadAgain() throws IOException {
        Path config = config(SMALL);
        String printed = Cli.succeed(run(config, "--print"));
        assertFalse(Files.exists(study()));
        Path again = Files.writeString(folder.resolve("again.json"), printed);
        assertEquals(printed, Cli.succeed(run(again, "--print")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"axes\": {\"rate\": [1]}}| An axis of EDM2 must be one of lr",
                "{\"axes\": {\"lr\": {\"min\": 2, \"max\": 1}}}| axes.lr must be a list of values",
                "{\"axes\": {\"lr\": {\"min\": 0, \"max\": 1, \"log\": true}}}| min above 0",
                "{\"ema-lengths\": [0.3]}| 0.3",
                "{\"ema-lengths\": {\"min\": 0.1, \"max\": 0.2}}| must have a count",
                "{\"times\": [100]}| times must be multiples of snapshotEvery",
                "{\"strategy\": {\"name\": \"best\"}}| must be grid, random or genetic, got best",
                "{\"scores\": [\"fid\"]}| scores must be loss or frechet, got fid",
                "{\"objective\": \"frechet\"}| The objective must be one of the scores",
                "{\"pruning\": \"hard\"}| Pruning must be one of [none, median, successive-halving]",
                "{\"scores\": [\"loss\", \"frechet\"], \"guidance\": [1, 2]}| guidance other than 1 needs a guide",
                "{\"preset\": \"edm3\"}| No preset \"edm3\"",
                "{\"time\": 1}| search.json is not a configuration of a search (there is no key \"time\"; the keys are times, ",
                "{\"strategy\": {\"point\": 1}}| (there is no key \"point\"; the keys are points, ",
                "{\"times\": \"late\"}| is not a configuration of a search (\"times\" has a value of another kind)",
                "{\"seed\": \"late\"}| is not a configuration of a search (\"seed\" cannot be \"late\")",
                "{\"times\": null}| is not a configuration of a search (\"times\" needs a value)",
                "not JSON| is not a configuration of a search (it has a mistake, at line 1, column 5)",
                "{\"seed\": 1| (it ends before it is complete, at line 1, column 11)",
                "[1]| is not a configuration of a search (it is no JSON object)",
                "{\"axes\": {\"lr\": 0.01}}| axes.lr must be a list of values, or have min and max, and if need be count, log and integer, got 0.01",
                "{\"ema-lengths\": [\"short\"]}| ema-lengths must be numbers, got \"short\"",
            })
    void wrongConfigurationsAreRefusedBeforeAnythingIsWritten(String json, String message)
            throws IOException {
        Cli.fail(1, new String[] {message}, run(config(json)));
        assertFalse(Files.exists(study()));
    }

    @Test
    void anotherConfigurationIsRefusedWithoutNamesOfClasses() throws IOException {
        Cli.succeed(run(config(SMALL), "--max-candidates", 1));
        Cli.fail(
                1,
                new String[] {"has axes.lr [0.01,0.02], not [0.01,0.04]; give the same"},
                run(config(SMALL.replace("0.02", "0.04"))));
    }

    @Test
    void aFolderWithoutStudyIsNamed() {
        Cli.fail(
                1,
                new String[] {"There is no study in " + folder},
                "search",
                "report",
                "--study",
                folder);
    }
}
