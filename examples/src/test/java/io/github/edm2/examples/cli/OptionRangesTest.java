package io.github.edm2.examples.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A number out of range is refused with the name of its option, before anything is done. */
class OptionRangesTest {

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "lr; -1; --lr must be a number above 0",
                "lr; NaN; --lr must be a number above 0",
                "decay; -1; --decay must be a number from 0",
                "P_mean; Infinity; --P_mean must be a number",
                "P_std; -0.1; --P_std must be a number from 0",
                "dropout; 1; --dropout must be a number from 0 and below 1",
                "ema-std; 0.05,0.5; --ema-std must be EMA lengths (sigma_rel) above 0 and below 0.289, got 0.5",
                "channels; 193; --channels 193 does not fit, multiples of 64 do",
                "preset; edm3; --preset must be one of edm2-img512-xxs",
            })
    void ofTraining(String option, String value, String message) throws IOException {
        Path data = TestData.images(folder.resolve("data.zip"));
        Path outdir = folder.resolve("run");
        Cli.fail(
                2,
                new String[] {message},
                "train",
                "--data",
                data,
                "--outdir",
                outdir,
                "--" + option,
                value);
        Assertions.assertFalse(Files.exists(outdir));
    }

    @Test
    void infinityMayBeTypedAsItIsShown() {
        Cli.fail(
                1,
                new String[] {"There is no network file"},
                "generate",
                "--net",
                folder.resolve("none.zip"),
                "--outdir",
                folder,
                "--S_max",
                "infinity");
    }
}
