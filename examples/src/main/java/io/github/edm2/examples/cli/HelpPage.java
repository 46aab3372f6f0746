package io.github.edm2.examples.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import org.apache.commons.cli.HelpFormatter;

/** What {@code --help} shows. */
final class HelpPage {

    private static final int WIDTH = 100;
    private static final int INDENT = 2;

    private HelpPage() {}

    static void ofProgram(List<Command> commands, PrintStream out) {
        out.println("usage: edm2 COMMAND [OPTIONS]");
        out.println();
        out.println("EDM2 diffusion models for Deeplearning4j: train, reconstruct, generate.");
        out.println();
        list(commands, out);
    }

    /** Commands that have their first word in common. */
    static void ofGroup(String word, List<Command> commands, PrintStream out) {
        out.println("usage: edm2 " + word + " COMMAND [OPTIONS]");
        out.println();
        list(commands, out);
    }

    private static void list(List<Command> commands, PrintStream out) {
        out.println("commands:");
        for (Command command : commands) {
            out.printf("  %-17s%s%n", command.name(), command.summary());
        }
        out.println();
        out.println(
                "edm2 help COMMAND lists the options of a command with their defaults; edm2 --version"
                        + " tells versions.");
    }

    static void of(Command command, PrintStream out) {
        String operand = command.operand().isEmpty() ? "" : " " + command.operand();
        out.println("usage: edm2 " + command.name() + operand + " [OPTIONS]");
        out.println();
        PrintWriter writer = new PrintWriter(out);
        HelpFormatter formatter = new HelpFormatter();
        formatter.printWrapped(writer, WIDTH, command.summary() + ".");
        if (!command.details().isEmpty()) {
            writer.println();
            formatter.printWrapped(writer, WIDTH, command.details());
        }
        writer.println();
        formatter.setOptionComparator(null); // in the order of declaration
        formatter.printOptions(writer, WIDTH, Arguments.options(command), INDENT, INDENT);
        writer.flush();
    }
}
