package dev.mimic.engine.jinja;

import java.util.List;

/** A node of an expression. */
sealed interface Expression {
    /** Where it stands in the template, 1 first. */
    int line();

    record Constant(Object value, int line) implements Expression {}

    record Name(String name, int line) implements Expression {}

    record ListOf(List<Expression> items, int line) implements Expression {}

    record TupleOf(List<Expression> items, int line) implements Expression {}

    record DictOf(List<Expression> keys, List<Expression> values, int line) implements Expression {}

    record Unary(String operator, Expression operand, int line) implements Expression {}

    record Binary(String operator, Expression left, Expression right, int line) implements Expression {}

    record Concatenation(List<Expression> parts, int line) implements Expression {}

    /** {@code and}, {@code or}: the value of the operand that decides. */
    record Logic(boolean and, Expression left, Expression right, int line) implements Expression {}

    /** A chain such as {@code a < b <= c}: operator i stands between operands i and i + 1. */
    record Comparison(List<String> operators, List<Expression> operands, int line) implements Expression {}

    /** {@code then if test else otherwise}; otherwise null if absent. */
    record Conditional(Expression test, Expression then, Expression otherwise, int line) implements Expression {}

    record Attribute(Expression owner, String name, int line) implements Expression {}

    record Subscript(Expression owner, Expression key, int line) implements Expression {}

    /** A slice; each bound may be null. */
    record Slice(Expression owner, Expression start, Expression stop, Expression step, int line)
            implements Expression {}

    record Call(Expression callee, CallArguments arguments, int line) implements Expression {}

    /** A filter; input null means the text of a filter block or set block. */
    record Filter(Expression input, String name, CallArguments arguments, int line) implements Expression {}

    record Test(Expression input, String name, CallArguments arguments, int line) implements Expression {}

    /** {@code namespace.name} as the target of an assignment. */
    record NamespaceTarget(String namespace, String name, int line) implements Expression {}

    /**
     * The arguments of a call as written.
     *
     * @param names of the named values
     * @param spread of {@code *list}, null if absent
     * @param namedSpread of {@code **dict}, null if absent
     */
    record CallArguments(
            List<Expression> positional,
            List<String> names,
            List<Expression> named,
            Expression spread,
            Expression namedSpread) {
        static final CallArguments NONE = new CallArguments(List.of(), List.of(), List.of(), null, null);
    }
}
