package dev.mimic.engine.jinja;

import dev.mimic.engine.jinja.Expression.CallArguments;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Parses expressions by recursive descent; precedence as in jinja2's parser, from weakest to strongest. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream tokens;
    private final Set<String> names = new HashSet<>();
    private int uncertain;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** The names read so far, for the macro parser to clear and look at. */
    Set<String> names() {
        return names;
    }

    /** Enters (1) or leaves (-1) code that may never run, where unknown filters and tests are no error yet. */
    void uncertain(int change) {
        uncertain += change;
    }

    /** A whole expression. */
    Expression expression() {
        return expression(true);
    }

    /** An expression, with or without {@code … if … else …}. */
    private Expression expression(boolean conditional) {
        tokens.enter();
        Expression result = conditional ? conditional() : or();
        tokens.leave();
        return result;
    }

    /** An expression, or several with commas between them, which make a tuple. */
    Expression tuple(boolean conditional, String endName) {
        int line = tokens.current().line();
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (!endsTuple(endName)) {
            items.add(expression(conditional));
            if (!tokens.skipIf(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && items.size() == 1) {
            return items.getFirst();
        }
        if (items.isEmpty()) {
            throw tokens.fail("Expected an expression, got '" + tokens.current().describe() + "'");
        }
        return new Expression.TupleOf(items, line);
    }

    private boolean endsTuple(String endName) {
        return tokens.is(Token.Kind.VARIABLE_END)
                || tokens.is(Token.Kind.BLOCK_END)
                || tokens.is(")")
                || (endName != null && tokens.isName(endName));
    }

    private Expression conditional() {
        int line = tokens.current().line();
        uncertain(1);
        Expression result = or();
        while (tokens.skipIfName("if")) {
            Expression test = or();
            Expression otherwise = null;
            if (tokens.skipIfName("else")) {
                tokens.enter();
                otherwise = conditional();
                tokens.leave();
            }
            result = new Expression.Conditional(test, result, otherwise, line);
        }
        uncertain(-1);
        return result;
    }

    private Expression or() {
        Expression left = and();
        while (tokens.isName("or")) {
            int line = tokens.next().line();
            left = new Expression.Logic(false, left, and(), line);
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.isName("and")) {
            int line = tokens.next().line();
            left = new Expression.Logic(true, left, not(), line);
        }
        return left;
    }

    private Expression not() {
        if (tokens.isName("not")) {
            int line = tokens.next().line();
            tokens.enter();
            Expression operand = not();
            tokens.leave();
            return new Expression.Unary("not", operand, line);
        }
        return comparison();
    }

    private Expression comparison() {
        int line = tokens.current().line();
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> operands = new ArrayList<>(List.of(first));
        while (true) {
            if (tokens.is(Token.Kind.OPERATOR)
                    && COMPARISONS.contains(tokens.current().text())) {
                operators.add(tokens.next().text());
            } else if (tokens.skipIfName("in")) {
                operators.add("in");
            } else if (tokens.isName("not") && tokens.look().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Expression.Comparison(operators, operands, line);
            }
            operands.add(sum());
        }
    }

    private Expression sum() {
        Expression left = concatenation();
        while (tokens.is("+") || tokens.is("-")) {
            Token operator = tokens.next();
            left = new Expression.Binary(operator.text(), left, concatenation(), operator.line());
        }
        return left;
    }

    private Expression concatenation() {
        int line = tokens.current().line();
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (tokens.skipIf("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : new Expression.Concatenation(parts, line);
    }

    private Expression product() {
        Expression left = power();
        while (tokens.is("*") || tokens.is("/") || tokens.is("//") || tokens.is("%")) {
            Token operator = tokens.next();
            left = new Expression.Binary(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    /** Unlike Python's, jinja2's power binds to the left. */
    private Expression power() {
        Expression left = unary(true);
        while (tokens.is("**")) {
            int line = tokens.next().line();
            left = new Expression.Binary("**", left, unary(true), line);
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression result;
        if (tokens.is("-") || tokens.is("+")) {
            Token operator = tokens.next();
            tokens.enter();
            result = new Expression.Unary(operator.text(), unary(false), operator.line());
            tokens.leave();
        } else {
            result = primary();
        }
        result = postfix(result);
        return withFilters ? filtersAndTests(result) : result;
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
            Expression inner = tuple(true, null);
            tokens.expect(")");
            return inner;
        }
        if (tokens.skipIf("[")) {
            List<Expression> items = new ArrayList<>();
            while (!tokens.is("]")) {
                items.add(expression());
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
                keys.add(expression());
                tokens.expect(":");
                values.add(expression());
                if (!tokens.skipIf(",")) {
                    break;
                }
            }
            tokens.expect("}");
            return new Expression.DictOf(keys, values, token.line());
        }
        throw tokens.fail("unexpected '" + token.describe() + "'");
    }

    private Expression postfix(Expression start) {
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
            Expression start = tokens.is(":") ? null : expression();
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
        Expression stop = tokens.is(":") || tokens.is("]") ? null : expression();
        Expression step = null;
        if (tokens.skipIf(":") && !tokens.is("]")) {
            step = expression();
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
                spread = expression();
            } else if (tokens.skipIf("**")) {
                ensure(namedSpread == null, open);
                namedSpread = expression();
            } else if (tokens.is(Token.Kind.NAME) && tokens.look().is("=")) {
                ensure(namedSpread == null, open);
                String name = tokens.next().text();
                tokens.next();
                if (argumentNames.contains(name)) {
                    throw tokens.fail("keyword argument repeated: " + name);
                }
                argumentNames.add(name);
                named.add(expression());
            } else {
                ensure(spread == null && namedSpread == null && named.isEmpty(), open);
                positional.add(expression());
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

    private Expression filtersAndTests(Expression start) {
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
