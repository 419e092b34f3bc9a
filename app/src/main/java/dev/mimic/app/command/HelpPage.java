package dev.mimic.app.command;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A command's help for a terminal of 80 columns. Prose is wrapped there, wherever the source breaks its lines; a footer's
 * lines that begin with a blank are examples and stay whole, so that they can be copied.
 */
final class HelpPage extends Help {
    /** Columns of the page. */
    static final int WIDTH = 80;

    private static final int ANY_WIDTH = 1000;

    HelpPage(CommandSpec spec, ColorScheme colors) {
        super(spec, colors);
    }

    @Override
    public IOptionRenderer createDefaultOptionRenderer() {
        IOptionRenderer plain = super.createDefaultOptionRenderer();
        return (option, labels, colors) -> plain.render(joined(option), labels, colors);
    }

    private static OptionSpec joined(OptionSpec option) {
        return OptionSpec.builder(option)
                .description(String.join(" ", option.description()))
                .build();
    }

    @Override
    public String footer(Object... values) {
        StringBuilder page = new StringBuilder();
        List<String> prose = new ArrayList<>();
        for (String line : commandSpec().usageMessage().footer()) {
            if (line.isEmpty() || line.startsWith(" ")) {
                put(page, WIDTH, String.join(" ", prose), values);
                prose.clear();
                page.append(line.isEmpty() ? System.lineSeparator() : "");
                put(page, ANY_WIDTH, line, values);
            } else {
                prose.add(line);
            }
        }
        put(page, WIDTH, String.join(" ", prose), values);
        return page.toString();
    }

    private void put(StringBuilder page, int width, String text, Object... values) {
        if (!text.isEmpty()) {
            join(
                    colorScheme().ansi(),
                    width,
                    commandSpec().usageMessage().adjustLineBreaksForWideCJKCharacters(),
                    new String[] {text},
                    page,
                    values);
        }
    }
}
