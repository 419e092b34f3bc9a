package dev.mimic.engine.jinja;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text a name, an operator's sign, template data, or the source of a number
 * @param value of a literal: String, Long, BigInteger or Double
 * @param line 1 first
 */
record Token(Kind kind, String text, Object value, int line) {
    enum Kind {
        DATA,
        BLOCK_BEGIN,
        BLOCK_END,
        VARIABLE_BEGIN,
        VARIABLE_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    /** For messages. */
    String describe() {
        return switch (kind) {
            case DATA -> "template data / text";
            case BLOCK_BEGIN -> "begin of statement block";
            case BLOCK_END -> "end of statement block";
            case VARIABLE_BEGIN -> "begin of print statement";
            case VARIABLE_END -> "end of print statement";
            case STRING -> "string";
            case END -> "end of template";
            default -> text;
        };
    }
}
