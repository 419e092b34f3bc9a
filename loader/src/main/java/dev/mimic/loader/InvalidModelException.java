package dev.mimic.loader;

import java.nio.file.Path;

/**
 * A file is not what it claims to be. The message is one line: file, tensor or field, what was expected, what was found.
 */
public final class InvalidModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param file the file's name, without folders
     * @param message tensor or field, expected, found
     */
    public InvalidModelException(String file, String message) {
        super(oneLine(file + ": " + message));
    }

    /**
     * Makes the exception.
     *
     * @param file the file; the message holds its name only
     * @param message tensor or field, expected, found
     */
    public InvalidModelException(Path file, String message) {
        this(String.valueOf(file.getFileName()), message);
    }

    /**
     * Makes one that says more than another.
     *
     * @param message the whole message, file included
     * @param cause the other
     */
    public InvalidModelException(String message, InvalidModelException cause) {
        super(oneLine(message), cause);
    }

    private static String oneLine(String text) {
        StringBuilder line = new StringBuilder(Math.min(text.length(), 512));
        int at = 0;
        while (at < text.length() && line.length() < 500) {
            int codePoint = text.codePointAt(at);
            at += Character.charCount(codePoint);
            boolean lone = codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
            line.appendCodePoint(lone ? 0xFFFD : Character.isISOControl(codePoint) ? ' ' : codePoint);
        }
        return at < text.length() ? line + "…" : line.toString();
    }
}
