package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Parses expressions by recursive descent: operators, with the precedence of jinja2's parser, from weakest to strongest. What
 * stands between them is {@link OperandParser}'s.
 */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream tokens;
    private final OperandParser operands;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
        this.operands = new OperandParser(tokens, this);
    }

    /** The names read so far, for the macro parser to clear and look at. */
    Set<String> names() {
        return operands.names();
    }

    /** Enters (1) or leaves (-1) code that may never run, where unknown filters and tests are no error yet. */
    void uncertain(int change) {
        operands.uncertain(change);
    }

    /** A name, literal or parenthesis. */
    Expression primary() {
        return operands.primary();
    }

    /** Filters with bars between them, from the first one's name on; input null is the text of a block. */
    Expression filterChain(Expression input) {
        return operands.filterChain(input);
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
        List<Expression> compared = new ArrayList<>(List.of(first));
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
                return operators.isEmpty() ? first : new Expression.Comparison(operators, compared, line);
            }
            compared.add(sum());
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
            result = operands.primary();
        }
        result = operands.postfix(result);
        return withFilters ? operands.filtersAndTests(result) : result;
    }
}
