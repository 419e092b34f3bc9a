package dev.mimic.engine.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.Allocations;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Hostile templates end in an exception within 256 MB; long conversations do not. */
final class BudgetTest {
    private static final String DOUBLE =
            "{% set ns = namespace(x='a') %}{% for i in range(20) %}{% set ns.x = ns.x + ns.x %}{% endfor %}";

    @TestFactory
    Stream<DynamicTest> hostileTemplatesAreStopped() {
        Map<String, String> hostile = new LinkedHashMap<>();
        hostile.put("nested loops", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}");
        hostile.put(
                "doubled text",
                "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}");
        hostile.put(
                "doubled list",
                "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}");
        hostile.put(
                "nested list printed",
                "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}");
        hostile.put(
                "nested list as JSON",
                "{% set ns = namespace(x=[1]) %}{% for i in range(30) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}");
        hostile.put(
                "nested list compared",
                "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}");
        hostile.put(
                "deep list",
                "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}");
        hostile.put(
                "deep tuple as a key",
                "{% set ns = namespace(x=(1,)) %}{% for i in range(99999) %}{% set ns.x = (ns.x,) %}{% endfor %}{{ {ns.x: 1} }}");
        hostile.put("namespace that holds itself", "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}");
        hostile.put("repeated text", "{{ 'a' * 999999999 }}");
        hostile.put("repeated list", "{{ [1] * 999999999 }}");
        hostile.put(
                "repeated list of nothing",
                "{{ [] * 999999999 }}{% for i in range(99999) %}{{ [[]] * 99999 }}{% endfor %}");
        hostile.put("power", "{{ 9 ** 9 ** 9 ** 9 ** 9 ** 9 }}");
        hostile.put(
                "big product",
                "{% set ns = namespace(x=3) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}");
        hostile.put("wide number", "{{ '%999999999d' % 1 }}");
        hostile.put("precise number", "{{ '%.999999999f' % 1 }}");
        hostile.put("wide field", "{{ '{:999999999}'.format(1) }}");
        hostile.put("centered", "{{ 'a'.center(999999999) }}{{ 'a' | center(999999999) }}");
        hostile.put("zeros", "{{ 'a'.zfill(999999999) }}");
        hostile.put("tabs", "{{ '\t'.expandtabs(999999999) }}");
        hostile.put("indented", "{{ ('a\n' * 9999) | indent(99999) }}");
        hostile.put("JSON indented", "{{ [1] | tojson(indent=999999999) }}");
        hostile.put("slices", "{{ 'a' | slice(999999999) | list }}");
        hostile.put("batch filled", "{{ 'a' | batch(999999999, 'x') | list }}");
        hostile.put("replaced by more", DOUBLE + "{{ ns.x.replace('a', ns.x) }}");
        hostile.put("joined by more", DOUBLE + "{{ ns.x | join(ns.x) }}");
        hostile.put(
                "letters of a long text",
                DOUBLE + "{% for i in range(999) %}{% for c in ns.x %}{% endfor %}{% endfor %}");
        hostile.put(
                "quadratic search",
                DOUBLE
                        + "{% set needle = ns.x[:500000] + 'b' %}{% for i in range(9999) %}{{ needle in ns.x }}{{ ns.x.rfind(needle) }}{% endfor %}");
        hostile.put(
                "quadratic split",
                DOUBLE + "{% for i in range(9999) %}{{ ns.x.rsplit('a' * 31 + 'b') | length }}{% endfor %}");
        hostile.put(
                "long keys",
                "{% for i in range(99999) %}{% set d = dict(a=1, b=2, c=3) %}{{ d | tojson(indent=9) }}{{ {i: {i: i}} | pprint }}{% endfor %}");
        hostile.put(
                "many keys",
                "{% set ns = namespace(d={}) %}{% for i in range(99999) %}{% set ns.d = dict(ns.d.items() | list + [(i, i)]) %}{% endfor %}");
        hostile.put(
                "sorted again",
                "{% for i in range(99999) %}{{ range(9999) | sort(reverse=true) | first }}{% endfor %}");
        hostile.put("recursive macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}");
        hostile.put(
                "branching macro",
                "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}");
        hostile.put("recursive loop", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}");
        hostile.put(
                "recursive caller",
                "{% macro m() %}{{ caller() }}{% endmacro %}{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}");
        hostile.put(
                "loops that look ahead",
                "{% for i in range(99999) %}{% for x in range(99999) if x %}{{ loop.length }}{% break %}{% endfor %}{% endfor %}");
        hostile.put("wrapped", DOUBLE + "{{ (ns.x | replace('a', 'a-a ')) | wordwrap(1) | length }}");
        hostile.put("pretty", DOUBLE + "{{ [ns.x.replace('a', 'a ')] | pprint | length }}");
        hostile.put("brackets", "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}");
        hostile.put("lists", "{{ " + "[".repeat(100_000) + "]".repeat(100_000) + " }}");
        hostile.put("signs", "{{ " + "-".repeat(100_000) + "1 }}");
        hostile.put("negations", "{{ " + "not ".repeat(100_000) + "1 }}");
        hostile.put("conditions", "{{ " + "1 if 0 else ".repeat(100_000) + "1 }}");
        hostile.put("tags", "{% if 1 %}".repeat(100_000));
        hostile.put("targets", "{% set " + "(".repeat(100_000));
        hostile.put("sums", "{{ 1" + " + 1".repeat(100_000) + " }}");
        hostile.put("attributes", "{{ a" + ".a".repeat(100_000) + " }}");
        hostile.put("filters", "{{ a" + " | upper".repeat(100_000) + " }}");
        hostile.put("tests", "{{ 1 is " + "eq 1 is ".repeat(100_000) + "odd }}");
        hostile.put("ands", "{{ 1" + " and 1".repeat(100_000) + " }}");
        hostile.put("many digits", "{{ " + "9".repeat(100_000) + " }}");
        hostile.put("many numbers", "{{ '" + "9".repeat(4301) + "' | int + none }}");
        return hostile.entrySet().stream()
                .map(test -> DynamicTest.dynamicTest(test.getKey(), () -> stopped(test.getValue())));
    }

    private static void stopped(String template) {
        long bytes = Allocations.during(
                "none",
                () -> assertThrows(
                        TemplateException.class, () -> Template.parse(template).render(Map.of())));
        assertTrue(bytes < 256L << 20, () -> "allocated " + bytes + " bytes");
    }

    @Test
    void aLongConversationIsNotStopped() {
        List<Object> messages = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            messages.add(
                    Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", "Words and more words. ".repeat(50)));
        }
        String template = "{% for m in messages %}{% set content = m.content.split('</think>')[-1].lstrip('\\n') %}"
                + "{{ '<' + m.role + '>\\n' + content | trim + '\\n' }}{% endfor %}";
        String text = Template.parse(template).render(Map.of("messages", messages));
        assertEquals(2000, text.lines().filter(line -> line.startsWith("<")).count());
    }

    @Test
    void accumulatingTheTextOfALongConversationIsNotStopped() {
        List<Object> messages = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            messages.add(Map.of("content", "x".repeat(5000)));
        }
        String template =
                "{% set ns = namespace(text='') %}{% for m in messages %}{% set ns.text = ns.text + m.content %}"
                        + "{% endfor %}{{ ns.text | length }}";
        assertEquals("1000000", Template.parse(template).render(Map.of("messages", messages)));
    }
}
