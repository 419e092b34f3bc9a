package dev.mimic.engine.jinja;

import java.util.List;

/** The tokens of a template, read from the front. */
final class TokenStream {
    private static final int MAX_DEPTH = 100;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    /** The token after the current one. */
    Token look() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = current();
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean is(Token.Kind kind) {
        return current().kind() == kind;
    }

    boolean is(String operator) {
        return current().is(operator);
    }

    boolean isName(String name) {
        return current().isName(name);
    }

    boolean skipIf(String operator) {
        boolean found = is(operator);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipIfName(String name) {
        boolean found = isName(name);
        if (found) {
            next();
        }
        return found;
    }

    Token expect(Token.Kind kind, String described) {
        if (!is(kind)) {
            throw unexpected(described);
        }
        return next();
    }

    Token expect(String operator) {
        if (!is(operator)) {
            throw unexpected(operator);
        }
        return next();
    }

    String expectName() {
        return expect(Token.Kind.NAME, "name").text();
    }

    TemplateException unexpected(String expected) {
        return is(Token.Kind.END)
                ? fail("unexpected end of template, expected '" + expected + "'")
                : fail("expected token '" + expected + "', got '" + current().describe() + "'");
    }

    TemplateException fail(String problem) {
        return new TemplateException(problem, current().line());
    }

    /** Enters a nested part; every one is left by {@link #leave}. */
    void enter() {
        if (++depth > MAX_DEPTH) {
            throw fail("the template nests more than " + MAX_DEPTH + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
