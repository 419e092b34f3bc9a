package dev.mimic.engine.jinja;

import dev.mimic.engine.jinja.Expression.CallArguments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values of expressions. */
final class Evaluator {
    private final Budget budget;
    private int line;

    Evaluator(Budget budget) {
        this.budget = budget;
    }

    Budget budget() {
        return budget;
    }

    /** The line evaluated last, for messages. */
    int line() {
        return line;
    }

    void line(int current) {
        line = current;
    }

    /** The value of an expression in a scope. */
    Object evaluate(Expression node, Scope scope) {
        return evaluate(node, scope, null);
    }

    /**
     * The value of an expression.
     *
     * @param blockText what a filter without input takes: the text of its block
     */
    Object evaluate(Expression node, Scope scope, String blockText) {
        budget.step();
        budget.enter();
        Object value = switch (node) {
            case Expression.Constant constant -> constant.value();
            case Expression.Name name -> name(name.name(), scope);
            case Expression.Attribute attribute -> {
                Object owner = evaluate(attribute.owner(), scope);
                line = node.line();
                yield Attributes.get(owner, attribute.name(), budget);
            }
            case Expression.Subscript subscript -> {
                Object owner = evaluate(subscript.owner(), scope);
                Object key = evaluate(subscript.key(), scope);
                line = node.line();
                yield Items.get(owner, key, budget);
            }
            case Expression.Slice slice -> slice(slice, scope);
            case Expression.Call call -> call(call, scope, null);
            case Expression.Filter filter -> {
                Object input = filter.input() == null ? blockText : evaluate(filter.input(), scope, blockText);
                Arguments arguments = arguments(filter.arguments(), scope);
                line = node.line();
                yield Filters.apply(filter.name(), input, arguments, this);
            }
            case Expression.Test test -> {
                Object input = evaluate(test.input(), scope);
                Arguments arguments = arguments(test.arguments(), scope);
                line = node.line();
                yield Tests.apply(test.name(), input, arguments, budget);
            }
            case Expression.Unary unary -> {
                Object operand = evaluate(unary.operand(), scope);
                line = node.line();
                yield switch (unary.operator()) {
                    case "not" -> !Comparisons.truth(operand);
                    case "-" -> Operators.negate(operand);
                    default -> Operators.plus(operand);
                };
            }
            case Expression.Binary binary -> {
                Object left = evaluate(binary.left(), scope);
                Object right = evaluate(binary.right(), scope);
                line = node.line();
                yield Operators.binary(binary.operator(), left, right, budget);
            }
            case Expression.Logic logic -> {
                Object left = evaluate(logic.left(), scope);
                yield Comparisons.truth(left) == logic.and() ? evaluate(logic.right(), scope) : left;
            }
            case Expression.Comparison comparison -> compare(comparison, scope);
            case Expression.Conditional conditional -> conditional(conditional, scope);
            case Expression.Concatenation concatenation -> {
                StringBuilder text = new StringBuilder();
                for (Expression part : concatenation.parts()) {
                    String next = PythonText.str(evaluate(part, scope), budget);
                    budget.text(next.length());
                    text.append(next);
                }
                yield text.toString();
            }
            case Expression.ListOf list -> all(list.items(), scope);
            case Expression.TupleOf tuple -> new Tuple(all(tuple.items(), scope));
            case Expression.DictOf dict -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                budget.items(dict.keys().size());
                for (int i = 0; i < dict.keys().size(); i++) {
                    Object key = evaluate(dict.keys().get(i), scope);
                    Items.put(map, key, evaluate(dict.values().get(i), scope), budget);
                }
                yield map;
            }
            case Expression.NamespaceTarget target ->
                throw new TemplateException("cannot read the target " + target.namespace());
        };
        budget.leave();
        return value;
    }

    private Object name(String name, Scope scope) {
        Object value = scope.get(name);
        if (value == Items.ABSENT) {
            value = Functions.get(name);
        }
        return value == Items.ABSENT ? Undefined.name(name) : value;
    }

    private Object slice(Expression.Slice slice, Scope scope) {
        Object owner = evaluate(slice.owner(), scope);
        Object start = slice.start() == null ? null : evaluate(slice.start(), scope);
        Object stop = slice.stop() == null ? null : evaluate(slice.stop(), scope);
        Object step = slice.step() == null ? null : evaluate(slice.step(), scope);
        line = slice.line();
        return Items.slice(owner, start, stop, step, budget);
    }

    private Object conditional(Expression.Conditional node, Scope scope) {
        if (Comparisons.truth(evaluate(node.test(), scope))) {
            return evaluate(node.then(), scope);
        }
        return node.otherwise() != null
                ? evaluate(node.otherwise(), scope)
                : new Undefined("the inline if-expression on line " + node.line()
                        + " evaluated to false and no else section was defined.");
    }

    private Object compare(Expression.Comparison node, Scope scope) {
        Object left = evaluate(node.operands().getFirst(), scope);
        for (int i = 0; i < node.operators().size(); i++) {
            Object right = evaluate(node.operands().get(i + 1), scope);
            line = node.line();
            if (!holds(node.operators().get(i), left, right, budget)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    /** Whether a comparison holds. */
    static boolean holds(String operator, Object left, Object right, Budget budget) {
        return switch (operator) {
            case "==" -> Comparisons.equal(left, right, budget);
            case "!=" -> !Comparisons.equal(left, right, budget);
            case "in" -> Comparisons.contains(right, left, budget);
            case "not in" -> !Comparisons.contains(right, left, budget);
            default -> {
                int order = Comparisons.compare(operator, left, right, budget);
                yield !Comparisons.unordered(left, right)
                        && switch (operator) {
                            case "<" -> order < 0;
                            case "<=" -> order <= 0;
                            case ">" -> order > 0;
                            default -> order >= 0;
                        };
            }
        };
    }

    private List<Object> all(List<Expression> nodes, Scope scope) {
        budget.items(nodes.size());
        List<Object> values = new ArrayList<>(nodes.size());
        for (Expression node : nodes) {
            values.add(evaluate(node, scope));
        }
        return values;
    }

    /**
     * Calls a function, method or macro.
     *
     * @param caller the body of a call block, null if there is none
     */
    Object call(Expression.Call node, Scope scope, Macro caller) {
        Object callee = evaluate(node.callee(), scope);
        Arguments arguments = arguments(node.arguments(), scope);
        if (caller != null) {
            arguments.named().put("caller", caller);
        }
        line = node.line();
        Comparisons.refuseUndefined(callee);
        if (!(callee instanceof Callable callable)) {
            throw new TemplateException(PythonText.quote(PythonText.typeName(callee)) + " object is not callable");
        }
        Object result = callable.call(arguments, this);
        line = node.line();
        return result;
    }

    private Arguments arguments(CallArguments nodes, Scope scope) {
        List<Object> positional = all(nodes.positional(), scope);
        Map<String, Object> named = new LinkedHashMap<>();
        for (int i = 0; i < nodes.names().size(); i++) {
            named.put(nodes.names().get(i), evaluate(nodes.named().get(i), scope));
        }
        if (nodes.spread() != null) {
            positional.addAll(Items.list(evaluate(nodes.spread(), scope), budget));
        }
        if (nodes.namedSpread() != null) {
            Object dict = evaluate(nodes.namedSpread(), scope);
            if (!(dict instanceof Map<?, ?> map)) {
                throw new TemplateException("argument after ** must be a mapping, not " + PythonText.typeName(dict));
            }
            map.forEach((key, value) -> {
                String name = PythonText.expectText("keywords", key);
                if (named.put(name, value) != null) {
                    throw new TemplateException("got multiple values for keyword argument " + PythonText.quote(name));
                }
            });
        }
        return new Arguments(positional, named);
    }
}
