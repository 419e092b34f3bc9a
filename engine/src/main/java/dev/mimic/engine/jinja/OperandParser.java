package dev.mimic.engine.jinja;

import dev.mimic.engine.jinja.Expression.CallArguments;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Parses what operators stand between: names, literals, parentheses, and what follows them, from an attribute to filters and
 * tests. The expressions within are {@link ExpressionParser}'s.
 */
final class OperandParser {
    private final TokenStream tokens;
    private final ExpressionParser whole;
    private final Set<String> names = new HashSet<>();
    private int uncertain;

    OperandParser(TokenStream tokens, ExpressionParser whole) {
        this.tokens = tokens;
        this.whole = whole;
    }

    /** The names read so far. */
    Set<String> names() {
        return names;
    }

    /** Enters (1) or leaves (-1) code that may never run, where unknown filters and tests are no error yet. */
    void uncertain(int change) {
        uncertain += change;
    }

    /** A name, literal or parenthesis. */
    Expression primary() {
        Token token = tokens.current();
        switch (token.kind()) {
            case NAME -> {
                tokens.next();
                return switch (token.text()) {
                    case "true", "True" -> new Expression.Constant(true, token.line());
                    case "false", "False" -> new Expression.Constant(false, token.line());
                    case "none", "None" -> new Expression.Constant(null, token.line());
                    default -> {
                        names.add(token.text());
                        yield new Expression.Name(token.text(), token.line());
                    }
                };
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (tokens.is(Token.Kind.STRING)) {
                    text.append((String) tokens.next().value());
                }
                return new Expression.Constant(text.toString(), token.line());
            }
            case INTEGER, FLOAT -> {
                tokens.next();
                return new Expression.Constant(token.value(), token.line());
            }
            default -> {
                return bracketed(token);
            }
        }
    }

    private Expression bracketed(Token token) {
        if (tokens.skipIf("(")) {
            if (tokens.skipIf(")")) {
                return new Expression.TupleOf(List.of(), token.line());
            }
            Expression inner = whole.tuple(true, null);
            tokens.expect(")");
            return inner;
        }
        if (tokens.skipIf("[")) {
            List<Expression> items = new ArrayList<>();
            while (!tokens.is("]")) {
                items.add(whole.expression());
                if (!tokens.skipIf(",")) {
                    break;
                }
            }
            tokens.expect("]");
            return new Expression.ListOf(items, token.line());
        }
        if (tokens.skipIf("{")) {
            List<Expression> keys = new ArrayList<>();
            List<Expression> values = new ArrayList<>();
            while (!tokens.is("}")) {
                keys.add(whole.expression());
                tokens.expect(":");
                values.add(whole.expression());
                if (!tokens.skipIf(",")) {
                    break;
                }
            }
            tokens.expect("}");
            return new Expression.DictOf(keys, values, token.line());
        }
        throw tokens.fail("unexpected '" + token.describe() + "'");
    }

    /** What follows a name, literal or parenthesis: attributes, subscripts, calls. */
    Expression postfix(Expression start) {
        Expression result = start;
        while (true) {
            if (tokens.is(".")) {
                result = attribute(result);
            } else if (tokens.is("[")) {
                result = subscript(result);
            } else if (tokens.is("(")) {
                result = call(result);
            } else {
                return result;
            }
        }
    }

    private Expression call(Expression callee) {
        int line = tokens.current().line();
        return new Expression.Call(callee, arguments(), line);
    }

    private Expression attribute(Expression owner) {
        int line = tokens.next().line();
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> new Expression.Attribute(owner, token.text(), line);
            case INTEGER -> new Expression.Subscript(owner, new Expression.Constant(token.value(), line), line);
            default -> throw new TemplateException("expected name or number", token.line());
        };
    }

    private Expression subscript(Expression owner) {
        int line = tokens.next().line();
        if (tokens.is("]")) {
            throw tokens.fail("Expected a subscript expression");
        }
        List<Expression> keys = new ArrayList<>();
        while (true) {
            Expression start = tokens.is(":") ? null : whole.expression();
            if (tokens.is(":")) {
                if (!keys.isEmpty()) {
                    throw tokens.fail("a slice cannot be part of a tuple");
                }
                Expression slice = slice(owner, start, line);
                tokens.expect("]");
                return slice;
            }
            keys.add(start);
            if (!tokens.skipIf(",") || tokens.is("]")) {
                break;
            }
        }
        tokens.expect("]");
        Expression key = keys.size() == 1 ? keys.getFirst() : new Expression.TupleOf(keys, line);
        return new Expression.Subscript(owner, key, line);
    }

    private Expression slice(Expression owner, Expression start, int line) {
        tokens.expect(":");
        Expression stop = tokens.is(":") || tokens.is("]") ? null : whole.expression();
        Expression step = null;
        if (tokens.skipIf(":") && !tokens.is("]")) {
            step = whole.expression();
        }
        return new Expression.Slice(owner, start, stop, step, line);
    }

    /** The arguments in parentheses at the current token. */
    private CallArguments arguments() {
        Token open = tokens.expect("(");
        List<Expression> positional = new ArrayList<>();
        List<String> argumentNames = new ArrayList<>();
        List<Expression> named = new ArrayList<>();
        Expression spread = null;
        Expression namedSpread = null;
        while (!tokens.is(")")) {
            if (tokens.skipIf("*")) {
                ensure(spread == null && namedSpread == null, open);
                spread = whole.expression();
            } else if (tokens.skipIf("**")) {
                ensure(namedSpread == null, open);
                namedSpread = whole.expression();
            } else if (tokens.is(Token.Kind.NAME) && tokens.look().is("=")) {
                ensure(namedSpread == null, open);
                String name = tokens.next().text();
                tokens.next();
                if (argumentNames.contains(name)) {
                    throw tokens.fail("keyword argument repeated: " + name);
                }
                argumentNames.add(name);
                named.add(whole.expression());
            } else {
                ensure(spread == null && namedSpread == null && named.isEmpty(), open);
                positional.add(whole.expression());
            }
            if (!tokens.skipIf(",")) {
                break;
            }
        }
        tokens.expect(")");
        return new CallArguments(positional, argumentNames, named, spread, namedSpread);
    }

    private static void ensure(boolean holds, Token open) {
        if (!holds) {
            throw new TemplateException("invalid syntax for function call expression", open.line());
        }
    }

    /** Filters, tests and calls of their results. */
    Expression filtersAndTests(Expression start) {
        Expression result = start;
        while (true) {
            if (tokens.is("|")) {
                tokens.next();
                result = filter(result);
            } else if (tokens.isName("is")) {
                result = test(result);
            } else if (tokens.is("(")) {
                result = call(result);
            } else {
                return result;
            }
        }
    }

    /** Filters with bars between them, from the first one's name on; input null is the text of a block. */
    Expression filterChain(Expression input) {
        Expression result = filter(input);
        while (tokens.skipIf("|")) {
            result = filter(result);
        }
        return result;
    }

    private Expression filter(Expression input) {
        int line = tokens.current().line();
        String name = dottedName();
        if (uncertain == 0 && !Filters.exists(name)) {
            throw new TemplateException("No filter named " + PythonText.quote(name) + ".", line);
        }
        CallArguments arguments = tokens.is("(") ? arguments() : CallArguments.NONE;
        return new Expression.Filter(input, name, arguments, line);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expectName());
        while (tokens.skipIf(".")) {
            name.append('.').append(tokens.expectName());
        }
        return name.toString();
    }

    private Expression test(Expression input) {
        int line = tokens.next().line();
        boolean negated = tokens.skipIfName("not");
        String name = dottedName();
        if (uncertain == 0 && !Tests.exists(name)) {
            throw new TemplateException("No test named " + PythonText.quote(name) + ".", line);
        }
        Expression test = new Expression.Test(input, name, testArguments(), line);
        return negated ? new Expression.Unary("not", test, line) : test;
    }

    private CallArguments testArguments() {
        if (tokens.is("(")) {
            return arguments();
        }
        boolean starts = switch (tokens.current().kind()) {
            case NAME, STRING, INTEGER, FLOAT -> true;
            default -> tokens.is("[") || tokens.is("{");
        };
        if (!starts || tokens.isName("else") || tokens.isName("or") || tokens.isName("and")) {
            return CallArguments.NONE;
        }
        if (tokens.isName("is")) {
            throw tokens.fail("You cannot chain multiple tests with is");
        }
        tokens.enter();
        Expression argument = postfix(primary());
        tokens.leave();
        return new CallArguments(List.of(argument), List.of(), List.of(), null, null);
    }
}
