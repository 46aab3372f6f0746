package io.github.edm2.examples.cli;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

/** What the user gave to a command. */
final class Arguments {

    static final String HELP = "help";
    static final String HELP_LETTER = "h";
    static final String VERBOSE = "verbose";

    private static final Pattern ONE_DASH = Pattern.compile("-(\\p{Alpha}[^=]*)(=.*)?");

    private final CommandLine line;

    private Arguments(CommandLine line) {
        this.line = line;
    }

    /** The command's options for Commons CLI, in the order of the help page. */
    static Options options(Command command) {
        Options options = new Options();
        for (Setting<?> setting : command.settings()) {
            Option.Builder option =
                    Option.builder(setting.letter().isEmpty() ? null : setting.letter())
                            .longOpt(setting.name())
                            .desc(description(setting))
                            .hasArg()
                            .argName(setting.kind().placeholder());
            options.addOption(option.optionalArg(setting.kind().isSwitch()).build());
        }
        options.addOption(
                Option.builder()
                        .longOpt(VERBOSE)
                        .desc("show more log output and the stack traces of errors")
                        .build());
        options.addOption(Option.builder(HELP_LETTER).longOpt(HELP).desc("show this page").build());
        return options;
    }

    private static String description(Setting<?> setting) {
        String shown =
                setting.required()
                        ? " (required)"
                        : setting.shown().isEmpty() ? "" : " (default: " + setting.shown() + ")";
        return setting.description() + shown;
    }

    /**
     * Reads a command's arguments; {@link #check} tells whether all are there.
     *
     * @throws UsageException if an option is unknown or lacks its value
     */
    static Arguments parse(Command command, List<String> args) {
        Options options = options(command);
        args.forEach(arg -> requireKnownIfOneDash(arg, options));
        try {
            return new Arguments(
                    DefaultParser.builder()
                            .setAllowPartialMatching(false)
                            .build()
                            .parse(options, args.toArray(String[]::new)));
        } catch (UnrecognizedOptionException e) {
            throw unknown(e.getOption(), options);
        } catch (MissingArgumentException e) {
            throw new UsageException("--" + e.getOption().getLongOpt() + " needs a value");
        } catch (ParseException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** Whether an argument asks for help. */
    static boolean isHelp(String argument) {
        return argument.equals("--" + HELP) || argument.equals("-" + HELP_LETTER);
    }

    /** Commons CLI would take {@code -seedz} for {@code --seed} with the value z. */
    private static void requireKnownIfOneDash(String argument, Options options) {
        Matcher name = ONE_DASH.matcher(argument);
        if (name.matches() && !options.hasOption(name.group(1))) {
            throw unknown(argument, options);
        }
    }

    private static UsageException unknown(String typed, Options options) {
        List<String> names = options.getOptions().stream().map(Option::getLongOpt).toList();
        String name = typed.replaceFirst("^-+", "").replaceFirst("=.*", "");
        return new UsageException(
                "there is no option %s; %s"
                        .formatted(
                                typed,
                                Nearest.to(name, names)
                                        .map(nearest -> "did you mean --" + nearest + "?")
                                        .orElse(
                                                "the options are --"
                                                        + String.join(", --", names))));
    }

    /**
     * Checks that everything required is there, that every value is of its kind, and that nothing
     * is left over.
     *
     * @throws UsageException naming the first problem
     */
    void check(Command command) {
        List<String> operands = line.getArgList();
        int allowed = command.operand().isEmpty() ? 0 : 1;
        if (operands.size() > allowed) {
            throw new UsageException("unexpected argument \"" + operands.get(allowed) + "\"");
        }
        if (operands.size() < allowed) {
            throw new UsageException(command.operand() + " is missing");
        }
        command.settings().forEach(this::get);
    }

    /** Whether an option stands on the command line. */
    boolean has(String name) {
        return line.hasOption(name);
    }

    /** The argument without an option's name. */
    String operand() {
        return line.getArgList().get(0);
    }

    /**
     * The value of an option, or its default.
     *
     * @throws UsageException if it is missing or not of its kind
     */
    <T> T get(Setting<T> setting) {
        if (!line.hasOption(setting.name())) {
            if (setting.required()) {
                throw new UsageException("--" + setting.name() + " is missing");
            }
            return setting.fallback();
        }
        long times =
                Arrays.stream(line.getOptions())
                        .filter(o -> o.getLongOpt().equals(setting.name()))
                        .count();
        if (times > 1) {
            throw new UsageException("--" + setting.name() + " is given " + times + " times");
        }
        String text = line.getOptionValue(setting.name());
        return setting.parse(text == null ? "true" : text);
    }

    /** The value of an option, or what the command found as its default. */
    <T> T get(Setting<T> setting, T fallback) {
        T given = get(setting);
        return given == null ? fallback : given;
    }
}
