package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Jinja template with the semantics of Python's jinja2 3.1 as transformers sets it up for chat templates: {@code
 * trim_blocks}, {@code lstrip_blocks}, {@code break} and {@code continue}, the {@code generation} tag, {@code tojson}
 * without HTML escapes, {@code raise_exception}, {@code strftime_now}, no escaping, and the immutable sandbox. Other
 * templates ({@code include}, {@code import}, {@code extends}, {@code block}) and the filters {@code urlize} and {@code
 * random} are refused by name.
 *
 * <p>A template sees plain values only, never a Java object, and each rendering has a budget of steps, memory, nesting and
 * time. Immutable and safe for use by several threads.
 */
public final class Template {
    private final List<Statement> body;

    private Template(List<Statement> body) {
        this.body = body;
    }

    /**
     * Reads a template.
     *
     * @throws TemplateException if it is none
     */
    public static Template parse(String source) {
        try {
            return new Template(Parser.parse(source));
        } catch (StackOverflowError e) {
            throw new TemplateException("the template nests too deeply");
        }
    }

    /**
     * Renders it.
     *
     * @param variables plain values: null, Boolean, String, any integer or float, List and Map with String keys, nested;
     *     read only
     * @throws TemplateException if it fails or uses too much
     * @throws IllegalArgumentException if a variable is of another kind
     */
    public String render(Map<String, Object> variables) {
        Map<String, Object> adopted = new HashMap<>();
        long[] units = new long[1];
        try {
            variables.forEach((name, value) -> adopted.put(name, adopt(name, value, units)));
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("render: a variable nests too deeply or holds itself", e);
        }
        Evaluator evaluator = new Evaluator(new Budget(units[0]));
        try {
            return new Interpreter(evaluator).run(body, Scope.of(adopted));
        } catch (TemplateException e) {
            throw e.at(evaluator.line());
        } catch (StackOverflowError e) {
            throw new TemplateException("the template nests too deeply", evaluator.line());
        }
    }

    /** A variable's value in the types that the interpreter knows, copied so that the caller's change changes nothing. */
    private static Object adopt(String name, Object value, long[] units) {
        units[0]++;
        return switch (value) {
            case null -> null;
            case String text -> {
                units[0] += text.length();
                yield text;
            }
            case Boolean b -> b;
            case Long l -> l;
            case Integer i -> i.longValue();
            case Short s -> s.longValue();
            case Byte b -> b.longValue();
            case java.math.BigInteger big -> Numbers.normal(big);
            case Double d -> d;
            case Float f -> Double.valueOf(f.toString());
            case List<?> list -> {
                List<Object> copy = new ArrayList<>(list.size());
                list.forEach(item -> copy.add(adopt(name, item, units)));
                yield copy;
            }
            case Map<?, ?> map -> {
                Map<Object, Object> copy = new LinkedHashMap<>();
                map.forEach((key, item) -> {
                    if (!(key instanceof String)) {
                        throw new IllegalArgumentException(
                                "render: variable '" + name + "' has the key " + key + ", expected a text");
                    }
                    copy.put(key, adopt(name, item, units));
                });
                yield copy;
            }
            default ->
                throw new IllegalArgumentException("render: variable '" + name + "' holds a "
                        + value.getClass().getName() + ", expected a plain value");
        };
    }
}
