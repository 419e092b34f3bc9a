package dev.mimic.adapt.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A tiny Python expression: integers, variables, brackets, unary minus, binary {@code + - * %}, and calls of max, min and
 * abs. {@code %} takes the sign of the divisor, as in Python. Nothing is ever executed.
 */
final class ArithmeticExpression {
    private static final int MAX_DEPTH = 50;

    private final String text;
    private final Map<?, ?> variables;
    private int position;
    private int depth;

    private ArithmeticExpression(String text, Map<?, ?> variables) {
        this.text = text;
        this.variables = variables;
    }

    /**
     * The value of an expression.
     *
     * @param variables name to {@link Long}
     * @return empty if the text is no such expression, names something unknown, or fails (modulo zero, beyond 64 bits)
     */
    static Optional<Long> evaluate(String text, Map<?, ?> variables) {
        ArithmeticExpression expression = new ArithmeticExpression(text.strip(), variables);
        try {
            long value = expression.sum();
            expression.skipBlanks();
            return expression.position == expression.text.length() ? Optional.of(value) : Optional.empty();
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private long sum() {
        long value = product();
        while (true) {
            if (accept('+')) {
                value = Math.addExact(value, product());
            } else if (accept('-')) {
                value = Math.subtractExact(value, product());
            } else {
                return value;
            }
        }
    }

    private long product() {
        long value = factor();
        while (true) {
            if (accept('*')) {
                value = Math.multiplyExact(value, factor());
            } else if (accept('%')) {
                value = Math.floorMod(value, factor());
            } else {
                return value;
            }
        }
    }

    private long factor() {
        if (++depth > MAX_DEPTH) {
            throw new ArithmeticException("nested too deeply");
        }
        try {
            if (accept('-')) {
                return Math.negateExact(factor());
            }
            if (accept('(')) {
                long value = sum();
                expect(')');
                return value;
            }
            return Character.isDigit(peek()) ? number() : nameOrCall();
        } finally {
            depth--;
        }
    }

    private long number() {
        int begin = position;
        while (peekIs(c -> c >= '0' && c <= '9')) {
            position++;
        }
        String digits = text.substring(begin, position);
        boolean zeroInFront = digits.startsWith("0") && !digits.chars().allMatch(c -> c == '0');
        if (zeroInFront || peekIs(c -> c == '.' || c == '_' || Character.isLetter(c))) {
            throw new NumberFormatException(digits);
        }
        return Long.parseLong(digits);
    }

    private long nameOrCall() {
        int begin = position;
        while (peekIs(c -> c == '_' || Character.isLetterOrDigit(c))) {
            position++;
        }
        String name = text.substring(begin, position);
        if (accept('(')) {
            return call(name, arguments());
        }
        if (variables.get(name) instanceof Long value) {
            return value;
        }
        throw new NumberFormatException("unknown name: " + name);
    }

    private List<Long> arguments() {
        List<Long> arguments = new ArrayList<>();
        while (!accept(')')) {
            arguments.add(sum());
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        return arguments;
    }

    private static long call(String name, List<Long> arguments) {
        if (name.equals("abs") && arguments.size() == 1) {
            return Math.absExact(arguments.getFirst());
        }
        if (arguments.size() > 1 && name.equals("max")) {
            return arguments.stream().mapToLong(Long::longValue).max().getAsLong();
        }
        if (arguments.size() > 1 && name.equals("min")) {
            return arguments.stream().mapToLong(Long::longValue).min().getAsLong();
        }
        throw new NumberFormatException("no such call: " + name);
    }

    private void skipBlanks() {
        while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
            position++;
        }
    }

    private char peek() {
        skipBlanks();
        return position < text.length() ? text.charAt(position) : '\0';
    }

    private boolean peekIs(CharTest test) {
        return position < text.length() && test.test(text.charAt(position));
    }

    private boolean accept(char wanted) {
        if (peek() != wanted || (wanted == '*' && text.startsWith("**", position))) {
            return false;
        }
        position++;
        return true;
    }

    private void expect(char wanted) {
        if (!accept(wanted)) {
            throw new NumberFormatException("expected " + wanted);
        }
    }

    private interface CharTest {
        boolean test(char c);
    }
}
