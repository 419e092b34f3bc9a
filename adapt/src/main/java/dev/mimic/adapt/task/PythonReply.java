package dev.mimic.adapt.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Python in a model's reply. Of blocks fenced by three backquotes (marked as Python or not at all; an open one ends
 * with the reply) the first that defines the wanted function, else the first that defines any, else the first. Without a
 * fence before it the reply itself is the program, up to the first three backquotes, as in the Transformer² code, which
 * opens the fence in the prompt ({@code evalplus/generation.py}); the marks {@code [BEGIN]} and {@code [DONE]} of Austin et
 * al. 2021 bound it too.
 */
final class PythonReply {
    private static final Pattern OPEN = Pattern.compile("\\s*```\\s*(?:python3?|py|)\\s*", Pattern.CASE_INSENSITIVE);
    private static final Pattern ANY_FUNCTION = Pattern.compile("(?m)^\\s*(?:async\\s+)?def\\s");
    private static final String FENCE = "```";

    /** Where a body ends, Chen et al. 2021, section 3.2. */
    private static final List<String> STOPS = List.of("\nclass", "\ndef", "\n#", "\nif", "\nprint");

    private PythonReply() {}

    /**
     * The program in a reply; empty if there is nothing but white space.
     *
     * @param function the wanted function's name, or empty
     */
    static Optional<String> program(String reply, String function) {
        List<String> blocks = blocks(reply);
        String code = blocks.isEmpty() ? unfenced(reply) : best(blocks, function);
        return code.isBlank() ? Optional.empty() : Optional.of(code);
    }

    private static String best(List<String> blocks, String function) {
        if (!function.isEmpty()) {
            for (String block : blocks) {
                if (defines(block, function)) {
                    return block;
                }
            }
        }
        return blocks.stream()
                .filter(block -> ANY_FUNCTION.matcher(block).find())
                .findFirst()
                .orElse(blocks.getFirst());
    }

    private static List<String> blocks(String reply) {
        List<String> blocks = new ArrayList<>();
        StringBuilder block = null;
        boolean other = false;
        for (String line : (Iterable<String>) reply.lines()::iterator) {
            boolean fence = line.stripLeading().startsWith(FENCE);
            if (block != null && fence) {
                blocks.add(block.toString());
                block = null;
            } else if (block != null) {
                block.append(line).append('\n');
            } else if (fence && other) {
                other = false;
            } else if (fence && OPEN.matcher(line).matches()) {
                block = new StringBuilder();
            } else if (fence) {
                other = true; // a block of another language: its closing fence opens nothing
            }
        }
        if (block != null && !(block.isEmpty() || (blocks.isEmpty() && looksLikeTheEnd(reply)))) {
            blocks.add(block.toString());
        }
        return blocks;
    }

    /** Whether the only fence closes a program that began in the prompt: code stands before it. */
    private static boolean looksLikeTheEnd(String reply) {
        String before = reply.substring(0, reply.indexOf(FENCE));
        return before.startsWith(" ") || ANY_FUNCTION.matcher(before).find();
    }

    private static String unfenced(String reply) {
        String code = reply;
        int begin = code.indexOf("[BEGIN]");
        code = begin < 0 ? code : code.substring(begin + "[BEGIN]".length());
        for (String end : List.of("[DONE]", FENCE)) {
            int at = code.indexOf(end);
            code = at < 0 ? code : code.substring(0, at);
        }
        return code;
    }

    /** Whether a program defines a function at the left margin. */
    static boolean defines(String code, String function) {
        return definition(function).matcher(code).find();
    }

    /** What a program has before a function's definition. */
    static String before(String code, String function) {
        Matcher matcher = definition(function).matcher(code);
        return matcher.find() ? code.substring(0, matcher.start()) : code;
    }

    private static Pattern definition(String function) {
        return Pattern.compile("(?m)^(?:async\\s+)?def\\s+" + Pattern.quote(function) + "\\s*\\(");
    }

    /** A function's body up to the first line that no longer belongs to it. */
    static String body(String code) {
        int end = code.length();
        for (String stop : STOPS) {
            int at = code.indexOf(stop);
            end = at < 0 ? end : Math.min(end, at);
        }
        return code.substring(0, end) + "\n";
    }
}
