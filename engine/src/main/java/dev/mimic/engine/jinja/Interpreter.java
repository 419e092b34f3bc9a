package dev.mimic.engine.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;

/** Runs the statements of a template. */
final class Interpreter {
    /** How a statement ended. */
    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private final Budget budget;
    private final Evaluator evaluator;

    Interpreter(Evaluator evaluator) {
        this.evaluator = evaluator;
        this.budget = evaluator.budget();
    }

    /** The text of a body. */
    String run(List<Statement> body, Scope scope) {
        StringBuilder out = new StringBuilder();
        run(body, scope, out);
        return out.toString();
    }

    /**
     * The text of a macro.
     *
     * @param values of its parameters; {@link Arguments#MISSING} ones get their default
     * @param scope its own, with the special names set
     */
    String runMacro(Macro macro, List<Object> values, Scope scope) {
        budget.enter();
        List<String> parameters = macro.signature().parameters();
        List<Expression> defaults = macro.signature().defaults();
        int firstDefault = parameters.size() - defaults.size();
        for (int i = 0; i < parameters.size(); i++) {
            Object value = values.get(i);
            if (value == Arguments.MISSING) {
                value = i >= firstDefault
                        ? evaluator.evaluate(defaults.get(i - firstDefault), scope)
                        : new Undefined("parameter " + PythonText.quote(parameters.get(i)) + " was not provided");
            }
            scope.set(parameters.get(i), value);
        }
        String text = run(macro.body(), scope);
        budget.leave();
        return text;
    }

    private Flow run(List<Statement> body, Scope scope, StringBuilder out) {
        for (Statement statement : body) {
            Flow flow = run(statement, scope, out);
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private Flow run(Statement statement, Scope scope, StringBuilder out) {
        budget.step();
        budget.enter();
        evaluator.line(statement.line());
        Flow flow = Flow.ON;
        switch (statement) {
            case Statement.Data data -> append(data.text(), out);
            case Statement.Output output ->
                append(PythonText.str(evaluator.evaluate(output.value(), scope), budget), out);
            case Statement.If branch -> flow = branch(branch, scope, out);
            case Statement.For loop -> {
                if (loop.recursive()) {
                    append(recursive(loop, evaluator.evaluate(loop.items(), scope), scope, 1), out);
                } else {
                    Object items = evaluator.evaluate(loop.items(), scope);
                    flow = loop(loop, items, scope, 1, null, out);
                }
            }
            case Statement.Break _ -> flow = Flow.BREAK;
            case Statement.Continue _ -> flow = Flow.CONTINUE;
            case Statement.Set set -> assign(set, scope);
            case Statement.SetBlock set -> {
                Scope inner = scope.inner();
                StringBuilder text = new StringBuilder();
                flow = run(set.body(), inner, text);
                if (flow == Flow.ON) {
                    assign(set.target(), filtered(set.filter(), text.toString(), inner), scope);
                }
            }
            case Statement.With with -> {
                Scope inner = scope.inner();
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(
                            with.targets().get(i),
                            evaluator.evaluate(with.values().get(i), scope),
                            inner);
                }
                flow = run(with.body(), inner, out);
            }
            case Statement.FilterBlock block -> {
                Scope inner = scope.inner();
                StringBuilder text = new StringBuilder();
                flow = run(block.body(), inner, text);
                if (flow == Flow.ON) {
                    append(PythonText.str(filtered(block.filter(), text.toString(), inner), budget), out);
                }
            }
            case Statement.MacroDefinition macro ->
                scope.set(macro.name(), new Macro(macro.name(), macro.signature(), macro.body(), scope, this));
            case Statement.CallBlock block -> {
                Macro caller = new Macro("caller", block.signature(), block.body(), scope, this);
                append(PythonText.str(evaluator.call(block.call(), scope, caller), budget), out);
            }
            case Statement.Scoped scoped -> flow = run(scoped.body(), scope.inner(), out);
        }
        budget.leave();
        return flow;
    }

    private void append(String text, StringBuilder out) {
        budget.text(text.length());
        out.append(text);
    }

    private Object filtered(Expression filter, String text, Scope scope) {
        return filter == null ? text : evaluator.evaluate(filter, scope, text);
    }

    private Flow branch(Statement.If branch, Scope scope, StringBuilder out) {
        for (int i = 0; i < branch.bodies().size(); i++) {
            boolean taken = i >= branch.tests().size()
                    || Comparisons.truth(evaluator.evaluate(branch.tests().get(i), scope));
            if (taken) {
                return run(branch.bodies().get(i), scope, out);
            }
        }
        return Flow.ON;
    }

    private String recursive(Statement.For node, Object items, Scope scope, int depth) {
        budget.enter();
        StringBuilder text = new StringBuilder();
        loop(node, items, scope, depth, (more, deeper) -> recursive(node, more, scope, deeper), text);
        budget.leave();
        return text.toString();
    }

    private Flow loop(
            Statement.For node, Object items, Scope scope, int depth, Loop.Recursion recursion, StringBuilder out) {
        Iterator<Object> all = Items.iterate(items, budget);
        Loop loop = node.test() == null
                ? new Loop(
                        all,
                        items instanceof Loop ? OptionalLong.empty() : Items.length(items),
                        depth,
                        recursion,
                        budget)
                : new Loop(matching(node, all, scope), OptionalLong.empty(), depth, recursion, budget);
        // as jinja2 compiles it: an iteration counts once its body has run to the end
        boolean any = false;
        while (loop.hasNext()) {
            // a scope of its own costs as much as evaluating a few nodes
            budget.steps(3);
            Scope inner = scope.inner();
            inner.set("loop", loop);
            assign(node.target(), loop.next(), inner);
            Flow flow = run(node.body(), inner, out);
            any |= flow == Flow.ON;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        return any ? Flow.ON : run(node.otherwise(), scope.inner(), out);
    }

    /** The items that pass the loop's {@code if}. */
    private Iterator<Object> matching(Statement.For node, Iterator<Object> items, Scope scope) {
        return new Filtered(items, item -> {
            Scope inner = scope.inner();
            assign(node.target(), item, inner);
            return Comparisons.truth(evaluator.evaluate(node.test(), inner));
        });
    }

    private void assign(Statement.Set set, Scope scope) {
        List<Expression> targets =
                set.target() instanceof Expression.TupleOf tuple ? tuple.items() : List.of(set.target());
        for (Expression target : targets) {
            if (target instanceof Expression.NamespaceTarget namespace) {
                namespace(namespace, scope);
            }
        }
        Object value = evaluator.evaluate(set.value(), scope);
        evaluator.line(set.line());
        assign(set.target(), value, scope);
    }

    private Namespace namespace(Expression.NamespaceTarget target, Scope scope) {
        if (scope.get(target.namespace()) instanceof Namespace namespace) {
            return namespace;
        }
        throw new TemplateException("cannot assign attribute on non-namespace object");
    }

    private void assign(Expression target, Object value, Scope scope) {
        switch (target) {
            case Expression.Name name -> scope.set(name.name(), value);
            case Expression.NamespaceTarget attribute ->
                namespace(attribute, scope).attributes().put(attribute.name(), value);
            case Expression.TupleOf tuple -> {
                List<Object> values = Items.list(value, budget);
                int expected = tuple.items().size();
                if (values.size() != expected) {
                    throw new TemplateException(
                            values.size() > expected
                                    ? "too many values to unpack (expected " + expected + ")"
                                    : "not enough values to unpack (expected " + expected + ", got " + values.size()
                                            + ")");
                }
                for (int i = 0; i < expected; i++) {
                    assign(tuple.items().get(i), values.get(i), scope);
                }
            }
            default -> throw new IllegalStateException("target " + target);
        }
    }
}
