package dev.mimic.engine.jinja;

/**
 * A template that cannot be parsed or rendered: its own {@code raise_exception}, an error in it, or a spent budget. The
 * message is one line.
 */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

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
        return message.replace("\r", "\\r").replace("\n", "\\n");
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
