package dev.mimic.engine.jinja;

import dev.mimic.testkit.FuzzOutcomes;
import dev.mimic.testkit.Fuzzer;
import dev.mimic.testkit.Mutator;
import dev.mimic.testkit.TextMutations;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Broken and hostile templates end in a text or in one line, soon and in little memory. */
final class JinjaFuzzTest {
    private static final List<String> WORDS = List.of(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "{%-",
            "-%}",
            "{{-",
            "-}}",
            "{%+",
            "+%}",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "|",
            ".",
            ",",
            ":",
            "=",
            "==",
            "!=",
            "<",
            ">",
            "<=",
            "+",
            "-",
            "*",
            "**",
            "/",
            "//",
            "%",
            "~",
            "not",
            "and",
            "or",
            "in",
            "is",
            "if",
            "else",
            "elif",
            "endif",
            "for",
            "endfor",
            "recursive",
            "set",
            "endset",
            "macro",
            "endmacro",
            "call",
            "endcall",
            "filter",
            "endfilter",
            "with",
            "endwith",
            "generation",
            "endgeneration",
            "raw",
            "endraw",
            "break",
            "continue",
            "loop",
            "loop(x)",
            "loop.length",
            "loop.cycle(1)",
            "range(99999)",
            "range(3)",
            "namespace(a=1)",
            "caller()",
            "varargs",
            "messages",
            "message",
            "x",
            "ns.x",
            "'a'",
            "\"b\"",
            "'\\x4",
            "1",
            "0",
            "-1",
            "1.5",
            "1e308",
            "999999999",
            "99999999999999999999",
            "none",
            "true",
            "[::-1]",
            "[1:]",
            ".split(',')",
            ".replace('a', 'aa')",
            ".format(1)",
            "'%99999d' % 1",
            "'{:>99999}'.format(1)",
            "| tojson",
            "| map('upper')",
            "| list",
            "| join(',')",
            "| indent(99)",
            "| sort",
            "| groupby('role')",
            "| batch(2)",
            "| length",
            "| pprint",
            "| wordwrap(3)",
            "| truncate(9)",
            "| center(9999)",
            "| round(99)",
            "| int",
            "is defined",
            "is divisibleby",
            "{% for x in range(1000) %}",
            "{% set x = x + x %}",
            "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}");

    private static final List<String> CONVERSATIONS = List.of(
            """
            {%- if tools %}
                {{- '<|system|>\\n' ~ (messages[0].content if messages[0].role == 'system' else '') }}
                {%- for tool in tools %}
                    {{- "\\n" }}{{- tool | tojson(indent=2) }}
                {%- endfor %}
            {%- endif %}
            {%- set ns = namespace(last=messages|length - 1, seen=[]) %}
            {%- for message in messages[::-1] %}
                {%- set index = (messages|length - 1) - loop.index0 %}
                {%- if message.role == 'user' and message.content is string and not message.content.startswith('x') %}
                    {%- set ns.last = index %}{%- break %}
                {%- endif %}
            {%- endfor %}
            {%- for message in messages if message.role != 'system' %}
                {%- set content = message.content if message.content is string else message.content | map(attribute='text') | select('defined') | join %}
                {%- if '</think>' in content %}
                    {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
                {%- endif %}
                {{- '<|' + message.role + '|>' + content | trim ~ ('<|end|>' if not loop.last) }}
                {%- for call in message.tool_calls %}
                    {{- call.function.name ~ '(' }}
                    {%- for k, v in call.function.arguments | items %}{{ k }}={{ v | tojson }}{{ ', ' if not loop.last }}{% endfor %})
                {%- endfor %}
                {%- set ns.seen = ns.seen + [message.role] %}
            {%- endfor %}
            {{- ns.seen | unique | join(',') }}""",
            """
            {% macro show(value, depth=0) %}
            {% if value is mapping %}
            {% for k, v in value | dictsort %}
            {{ '  ' * depth }}{{ k }}: {{ show(v, depth + 1) | trim }}
            {% endfor %}
            {% elif value is iterable and value is not string %}
            {% for v in value recursive %}[{{ loop.depth }}{{ loop(v) if v is sequence and v is not string and v is not mapping else show(v, depth + 1) }}]{% endfor %}
            {% else %}{{ value }}{% endif %}
            {% endmacro %}
            {% for m in messages %}
              {% generation %}{{ show(m) }}{% endgeneration %}
            {% else %}{{ raise_exception('empty') }}{% endfor %}
            {% call(a, b=2) show([1, [2, [3]]]) if no else show('x') %}{{ a + b }}{% endcall %}
            """.replace("{% call(a, b=2) show([1, [2, [3]]]) if no else show('x') %}{{ a + b }}{% endcall %}", ""),
            """
            {% macro wrap(tag, level=1) -%}
            <{{ tag * level }}>{{ caller(level, tag) if caller }}</{{ tag }}>
            {%- endmacro %}
            {% for a, b in [(1, 'x'), (2, 'y')] %}{% call(n, t) wrap(b, a) %}{{ n ** 3 // 2 % 5 }}{{ t | upper }}{% endcall %}{% endfor %}
            {% set text %}{% filter replace('o', '0') | upper %}{{ text }} {{ umlaut }}{% endfilter %}{% endset %}
            {{ text | wordwrap(12) | indent(2, true) }} {{ '%-8s|%05.2f' | format('ab', 2.5) }} {{ '{:>8}{!r}'.format(1, 'a') }}
            {{ people | groupby('age') | map('last') | map('length') | list }}{{ people | sort(attribute='city,name') | map(attribute='name') | batch(2) | list }}
            {% with %}{% set q = range(10)[::-2] | list %}{{ q[1:] + q[:1] }}{% endwith %}{# note #}{% raw %}{{ }}{% endraw %}
            """);

    @Test
    void onlyTemplateExceptionsComeOut() {
        JinjaCases cases = JinjaCases.read();
        List<byte[]> seeds = new ArrayList<>();
        for (String conversation : CONVERSATIONS) {
            // as often as the small ones together have a chance
            for (int i = 0; i < 100; i++) {
                seeds.add(conversation.getBytes(StandardCharsets.UTF_8));
            }
        }
        for (JinjaCases.Case test : cases.cases()) {
            if (test.error() == null) {
                seeds.add(test.template().getBytes(StandardCharsets.UTF_8));
            }
        }
        Map<String, Object> variables = cases.variables();
        Mutator words = TextMutations.words(WORDS);
        FuzzOutcomes outcomes = Fuzzer.run(
                "jinja templates",
                seeds,
                words,
                input -> Template.parse(new String(input, StandardCharsets.UTF_8))
                        .render(variables),
                TemplateException.class);
        if (Fuzzer.cases() >= 2000) {
            outcomes.assertSeen(
                    "is undefined",
                    "has no attribute",
                    "expected token",
                    "unexpected char",
                    "nests more than",
                    "Unexpected end of template",
                    "Encountered unknown tag",
                    "No filter named");
        }
    }
}
