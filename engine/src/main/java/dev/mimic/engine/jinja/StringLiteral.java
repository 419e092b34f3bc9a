package dev.mimic.engine.jinja;

/** The escapes of Python's string literals. */
final class StringLiteral {
    private final String text;
    private final int line;
    private final StringBuilder out = new StringBuilder();
    private int at;

    private StringLiteral(String text, int line) {
        this.text = text;
        this.line = line;
    }

    /**
     * Replaces escapes; unknown ones stay as they are.
     *
     * @param text between the quotation marks
     * @param line for messages
     */
    static String unescape(String text, int line) {
        return text.indexOf('\\') < 0 ? text : new StringLiteral(text, line).run();
    }

    private String run() {
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char kind = text.charAt(at++);
            switch (kind) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append(kind);
                case 'a' -> out.append('\007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\013');
                case 'x' -> hex(2, kind);
                case 'u' -> hex(4, kind);
                case 'U' -> hex(8, kind);
                case 'N' -> named();
                case '0', '1', '2', '3', '4', '5', '6', '7' -> octal();
                default -> out.append('\\').append(kind);
            }
        }
        return out.toString();
    }

    private void hex(int digits, char kind) {
        int end = at + digits;
        long value = 0;
        for (; at < end; at++) {
            int digit = at < text.length() && text.charAt(at) < 128 ? Character.digit(text.charAt(at), 16) : -1;
            if (digit < 0) {
                throw new TemplateException("truncated \\" + kind + " escape, expected " + digits + " digits", line);
            }
            value = value * 16 + digit;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw new TemplateException("illegal Unicode character in \\U escape", line);
        }
        out.appendCodePoint((int) value);
    }

    private void octal() {
        int value = 0;
        int end = Math.min(at + 2, text.length());
        at--;
        for (; at < end && text.charAt(at) >= '0' && text.charAt(at) <= '7'; at++) {
            value = value * 8 + (text.charAt(at) - '0');
        }
        out.append((char) value);
    }

    private void named() {
        int close = text.indexOf('}', at);
        if (at >= text.length() || text.charAt(at) != '{' || close < 0) {
            throw new TemplateException("malformed \\N character escape", line);
        }
        try {
            out.appendCodePoint(Character.codePointOf(text.substring(at + 1, close)));
        } catch (IllegalArgumentException e) {
            throw new TemplateException("unknown Unicode character name", line);
        }
        at = close + 1;
    }
}
