package dev.mimic.engine.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Our own templates against Python's jinja2 3.1; {@code tools/jinja_cases.py} writes them. */
final class JinjaCasesTest {
    private final JinjaCases cases = JinjaCases.read();

    @TestFactory
    Stream<DynamicTest> givesTheTextOfJinja2OrFailsWhereItFails() {
        return cases.cases().stream().map(test -> DynamicTest.dynamicTest(test.template(), () -> check(test)));
    }

    private void check(JinjaCases.Case test) {
        if (test.error() == null) {
            assertEquals(test.text(), Template.parse(test.template()).render(cases.variables()));
            return;
        }
        TemplateException e = assertThrows(
                TemplateException.class,
                () -> Template.parse(test.template()).render(cases.variables()),
                () -> "expected " + test.error());
        assertTrue(e.line() > 0, () -> "no line: " + e.getMessage());
        if (test.error().startsWith("TemplateError: ")) {
            assertEquals(test.error().substring("TemplateError: ".length()), e.problem());
        }
    }

    @Test
    void everyFilterTestAndTextMethodHasACase() {
        Set<String> words = new HashSet<>();
        Pattern word = Pattern.compile("\\w+");
        for (JinjaCases.Case test : cases.cases()) {
            for (Matcher m = word.matcher(test.template()); m.find(); ) {
                words.add(m.group());
            }
        }
        Set<String> missing = new HashSet<>(Filters.names());
        missing.addAll(Tests.names());
        missing.addAll(StringMethods.NAMES);
        missing.removeIf(name -> words.contains(name) || !word.matcher(name).matches());
        assertEquals(Set.of(), missing);
    }
}
