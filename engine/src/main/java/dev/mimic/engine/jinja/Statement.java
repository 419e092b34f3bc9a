package dev.mimic.engine.jinja;

import java.util.List;

/** A node of a template's body. */
sealed interface Statement {
    /** Where it stands in the template, 1 first. */
    int line();

    record Data(String text, int line) implements Statement {}

    record Output(Expression value, int line) implements Statement {}

    /** Branches in order; the tests may be one fewer than the bodies, the last of which is the else then. */
    record If(List<Expression> tests, List<List<Statement>> bodies, int line) implements Statement {}

    /** A loop; test null if there is no {@code if}. */
    record For(
            Expression target,
            Expression items,
            Expression test,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    record Break(int line) implements Statement {}

    record Continue(int line) implements Statement {}

    record Set(Expression target, Expression value, int line) implements Statement {}

    /** A set block; filter null if there is none. */
    record SetBlock(Expression target, Expression filter, List<Statement> body, int line) implements Statement {}

    record With(List<Expression> targets, List<Expression> values, List<Statement> body, int line)
            implements Statement {}

    record FilterBlock(Expression filter, List<Statement> body, int line) implements Statement {}

    record MacroDefinition(String name, Signature signature, List<Statement> body, int line) implements Statement {}

    record CallBlock(Expression.Call call, Signature signature, List<Statement> body, int line) implements Statement {}

    /** A body with variables of its own: a generation tag. */
    record Scoped(List<Statement> body, int line) implements Statement {}

    /**
     * Parameters of a macro.
     *
     * @param defaults of the last parameters
     * @param used names among {@code caller}, {@code kwargs} and {@code varargs} that the body reads
     */
    record Signature(List<String> parameters, List<Expression> defaults, java.util.Set<String> used) {}
}
