package dev.mimic.engine.jinja;

/**
 * Text marked as safe HTML: {@code safe} and {@code escape} give it, and what is added to it is escaped. Everything else
 * takes it as plain text.
 */
record Markup(String text) {
    static String escape(String plain) {
        StringBuilder escaped = new StringBuilder(plain.length());
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '\'' -> escaped.append("&#39;");
                case '"' -> escaped.append("&#34;");
                default -> escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
