package io.github.edm2.examples.cli;

import io.github.edm2.search.Cautions;
import io.github.edm2.search.SearchReport;
import io.github.edm2.search.Study;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** {@code edm2 search report}: writes the page of a study. */
final class SearchReportCommand implements Command {

    private static final Setting<Path> STUDY =
            Setting.required("study", Kind.FILE, "folder of the study, which gets report.html");

    @Override
    public String name() {
        return "search report";
    }

    @Override
    public String summary() {
        return "Write the HTML report of a study";
    }

    @Override
    public String details() {
        return "One page that needs nothing else: scores over EMA length, heat map, parallel coordinates, the best"
                + " candidates with the commands that make their images where these work, and the cost. Losses are means"
                + " per element: channel of a pixel.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(STUDY);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Study study = Study.read(arguments.get(STUDY));
        Cautions.of(study).forEach(caution -> out.println("caution: " + caution));
        out.printf("report: %s%n", SearchReport.write(study, Program.name()));
    }
}
