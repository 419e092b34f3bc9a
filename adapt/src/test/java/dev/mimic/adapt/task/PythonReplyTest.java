package dev.mimic.adapt.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PythonReplyTest {
    private static String program(String reply) {
        return PythonReply.program(reply, "f").orElse("none");
    }

    @Test
    void theBlockThatDefinesTheFunctionIsTaken() {
        assertEquals("def f():\n    pass\n", program("""
                First:
                ```bash
                pip install f
                ```
                Then:
                ```
                print(1)
                ```
                ```python
                def g():
                    pass
                ```
                ```Python3
                def f():
                    pass
                ```
                """));
        assertEquals("def g(): pass\n", program("```\nx = 1\n```\n```py\ndef g(): pass\n```"));
        assertEquals("f = 1\n", program("```\nf = 1\n```\n```\nf = 2\n```"));
    }

    @Test
    void anOpenBlockEndsWithTheReply() {
        assertEquals("def f():\n    return 1\n", program("Sure:\n```python\ndef f():\n    return 1"));
    }

    @Test
    void aReplyThatEndsAFenceOpenedInThePromptIsTheProgram() {
        assertEquals("    return 1\n", program("    return 1\n```\nThis returns one."));
        assertEquals("def f():\n    return 1\n", program("def f():\n    return 1\n```\nThis returns one."));
    }

    @Test
    void aBareReplyIsTheProgram() {
        assertEquals("def f(): return 1", program("def f(): return 1"));
        assertEquals("\ndef f(): return 1\n", program("[BEGIN]\ndef f(): return 1\n[DONE]\nMore"));
        assertEquals(Optional.empty(), PythonReply.program(" \n", "f"));
        assertEquals(Optional.empty(), PythonReply.program("```python\n```", "f"));
    }

    @Test
    void aBodyEndsAtThePapersStops() {
        for (String stop : new String[] {"class A:", "def g():", "# more", "if x:", "print(1)"}) {
            assertEquals("    if x:\n        return 1\n", PythonReply.body("    if x:\n        return 1\n" + stop));
        }
    }
}
