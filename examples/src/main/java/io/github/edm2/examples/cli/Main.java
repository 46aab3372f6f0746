package io.github.edm2.examples.cli;

import ch.qos.logback.classic.Level;
import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.SnapshotException;
import io.github.edm2.models.checkpoint.ModelFileException;
import io.github.edm2.models.checkpoint.NetworkFileException;
import io.github.edm2.models.data.DatasetException;
import io.github.edm2.models.metrics.StatisticsFileException;
import io.github.edm2.models.onnx.OnnxException;
import io.github.edm2.search.SearchException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The program {@code edm2}: one command per capability. Exit code 0 if it is done, 1 if it failed,
 * 2 if the command line is wrong; every error is a sentence on standard error.
 */
public final class Main {

    /** The commands, in the order of the help page. */
    private static final List<Command> COMMANDS =
            List.of(
                    new QuickstartCommand(),
                    new TrainCommand(),
                    new PhemaCommand(),
                    new GenerateCommand(),
                    new ConvertCommand(),
                    new DatasetConvertCommand(),
                    new DatasetEncodeCommand(),
                    new DatasetDecodeCommand(),
                    new MetricsRefCommand(),
                    new MetricsCalcCommand(),
                    new MetricsGenCommand(),
                    new SearchRunCommand(),
                    new SearchStatusCommand(),
                    new SearchReportCommand(),
                    new InfoCommand());

    private static final String HELP = "help";
    private static final String VERSION = "--version";

    private static final int DONE = 0;
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private Main() {}

    /** Runs a command and exits. */
    public static void main(String[] args) {
        // File names and logs are the same everywhere.
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        System.exit(run(args, System.out, System.err));
    }

    /**
     * Runs a command.
     *
     * @param args its name, then its arguments
     * @param out results and progress
     * @param err errors
     * @return the exit code
     */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        if (args.length == 0) {
            HelpPage.ofProgram(COMMANDS, out);
            return WRONG_USAGE;
        }
        List<String> typed = Arrays.asList(args);
        if (args[0].equals(HELP) || Arguments.isHelp(args[0])) {
            return help(typed.subList(1, typed.size()), out, err);
        }
        if (args[0].equals(VERSION)) {
            out.println(Version.line());
            return DONE;
        }
        Optional<Command> command = command(typed);
        if (command.isPresent()) {
            int words = words(command.get()).size();
            return run(command.get(), typed.subList(words, typed.size()), out, err);
        }
        List<Command> group = group(args[0]);
        boolean help = args.length > 1 && Arguments.isHelp(args[1]);
        if (!group.isEmpty() && (args.length == 1 || help)) {
            HelpPage.ofGroup(args[0], group, out);
            return help ? DONE : WRONG_USAGE;
        }
        reportUnknown(typed, group, err);
        return WRONG_USAGE;
    }

    /** The page of a command, a group or the program. */
    private static int help(List<String> typed, PrintStream out, PrintStream err) {
        if (typed.isEmpty()) {
            HelpPage.ofProgram(COMMANDS, out);
            return DONE;
        }
        Optional<Command> command = command(typed);
        List<Command> group = group(typed.get(0));
        if (command.isPresent()) {
            HelpPage.of(command.get(), out);
        } else if (typed.size() == 1 && !group.isEmpty()) {
            HelpPage.ofGroup(typed.get(0), group, out);
        } else {
            reportUnknown(typed, group, err);
            return WRONG_USAGE;
        }
        return DONE;
    }

    /** The command that an argument list begins with. */
    private static Optional<Command> command(List<String> typed) {
        return COMMANDS.stream()
                .filter(
                        command -> {
                            List<String> words = words(command);
                            int count = Math.min(words.size(), typed.size());
                            return words.equals(typed.subList(0, count));
                        })
                .findFirst();
    }

    private static List<Command> group(String word) {
        return COMMANDS.stream()
                .filter(command -> words(command).size() > 1)
                .filter(command -> words(command).get(0).equals(word))
                .toList();
    }

    private static List<String> words(Command command) {
        return List.of(command.name().split(" "));
    }

    private static void reportUnknown(List<String> typed, List<Command> group, PrintStream err) {
        String first = typed.get(0);
        String firstTwo = String.join(" ", typed.subList(0, Math.min(2, typed.size())));
        String last = group.isEmpty() ? first : typed.get(1);
        List<String> names =
                (group.isEmpty() ? COMMANDS : group).stream().map(Command::name).toList();
        Optional<String> option =
                last.startsWith("-")
                        ? Nearest.to(last, List.of("--" + Arguments.HELP, VERSION))
                        : Optional.empty();
        String nearest =
                option.or(() -> Nearest.to(firstTwo, names))
                        .or(() -> Nearest.to(first, firstWords()))
                        .map(name -> "did you mean " + name + "? ")
                        .orElse("");
        err.printf(
                "edm2: there is no command %s; %sthe commands are %s%n",
                group.isEmpty() ? first : firstTwo, nearest, String.join(", ", names));
    }

    private static List<String> firstWords() {
        return COMMANDS.stream().map(command -> words(command).get(0)).distinct().toList();
    }

    private static int run(Command command, List<String> args, PrintStream out, PrintStream err) {
        if (args.stream().anyMatch(Arguments::isHelp)) {
            HelpPage.of(command, out);
            return DONE;
        }
        boolean verbose = args.contains("--" + Arguments.VERBOSE);
        if (verbose) {
            showLog();
        }
        try {
            Arguments arguments = Arguments.parse(command, args);
            arguments.check(command);
            command.run(arguments, out);
            return DONE;
        } catch (UsageException e) {
            return report(
                    WRONG_USAGE,
                    command,
                    e.getMessage() + " (edm2 " + command.name() + " --help lists all options)",
                    verbose,
                    e,
                    err);
        } catch (CommandException
                | DatasetException
                | SnapshotException
                | NetworkFileException
                | ModelFileException
                | StatisticsFileException
                | OnnxException
                | SearchException
                | IllegalArgumentException e) {
            return report(FAILED, command, e.getMessage(), verbose, e, err);
        } catch (UncheckedIOException e) {
            return report(FAILED, command, e.getMessage(), verbose, e, err);
        } catch (IOException e) {
            String message = "a file cannot be read or written: " + AtomicFile.reason(e);
            return report(FAILED, command, message, verbose, e, err);
        } catch (OutOfMemoryError e) {
            String message =
                    "there is not enough memory (%s); use a smaller batch or network, or give more in EDM2_JAVA_OPTIONS"
                            .formatted(e.getMessage());
            return report(FAILED, command, message, verbose, e, err);
        } catch (RuntimeException e) {
            String message = "unexpected error, --verbose shows where: " + e;
            return report(FAILED, command, message, verbose, e, err);
        }
    }

    private static int report(
            int code,
            Command command,
            String message,
            boolean verbose,
            Throwable cause,
            PrintStream err) {
        // Some libraries append their source positions on further lines.
        String line = String.valueOf(message).lines().findFirst().orElse("");
        err.printf("edm2 %s: %s%n", command.name(), line);
        if (verbose) {
            cause.printStackTrace(err);
        }
        return code;
    }

    private static void showLog() {
        ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME))
                .setLevel(Level.INFO);
    }
}
