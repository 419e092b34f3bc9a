package dev.mimic.engine.jinja;

/**
 * A template that cannot be parsed or rendered: its own {@code raise_exception}, an error in it, or a spent budget. The
 * message is one line of at most 1000 characters.
 */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int MAX_LENGTH = 1000;

    private final String problem;
    private final int line;

    /** An error whose line is not known yet; {@link #at} adds it. */
    TemplateException(String problem) {
        this(problem, 0);
    }

    TemplateException(String problem, int line) {
        super(oneLine(line > 0 ? "line " + line + ": " + problem : problem));
        this.problem = problem;
        this.line = line;
    }

    private static String oneLine(String message) {
        String line = message.replace("\r", "\\r").replace("\n", "\\n");
        return line.codePointCount(0, line.length()) <= MAX_LENGTH
                ? line
                : line.substring(0, line.offsetByCodePoints(0, MAX_LENGTH - 1)) + "…";
    }

    /** The same error at a line, if it has none yet. */
    TemplateException at(int where) {
        return line > 0 ? this : new TemplateException(problem, where);
    }

    /** What is wrong, without the line: for {@code raise_exception} its argument as it is. */
    public String problem() {
        return problem;
    }

    /** The template's line, 1 first; 0 if the error belongs to none. */
    public int line() {
        return line;
    }
}
