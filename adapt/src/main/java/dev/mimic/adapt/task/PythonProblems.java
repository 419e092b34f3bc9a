package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Problems whose answer is a Python program, right when its tests pass. Prompts are those of the Transformer² code. */
enum PythonProblems implements TaskFormat {
    /**
     * Basic Python problems (Austin et al. 2021), both files as published: {@code mbpp.jsonl} ({@code text},
     * {@code code}, {@code test_list}, {@code test_setup_code}) and {@code sanitized-mbpp.json} ({@code prompt},
     * {@code code}, {@code test_list}, {@code test_imports}).
     *
     * <p>Prompt: the problem with a full stop at its end, and the first test ({@code evalplus/data.py}). Right when all of
     * {@code test_list} passes; {@code challenge_test_list} is not asked, as in the paper. (The Transformer² code takes
     * problems and tests from MBPP+, a smaller and cleaned set.)
     */
    MBPP {
        @Override
        public Example example(JsonObject record) {
            String question = mbppQuestion(record);
            return new Example(INSTRUCTION + "\n\n" + question, question, Records.text(record, "code"), record);
        }

        @Override
        public Optional<String> extract(String reply, Example example) {
            return PythonReply.program(reply, "");
        }

        @Override
        String tests(JsonObject record) {
            String imports = record.has("test_imports") ? String.join("\n", Records.texts(record, "test_imports")) : "";
            String setUp = Records.textOrEmpty(record, "test_setup_code");
            return imports + "\n" + setUp + "\n" + String.join("\n", Records.texts(record, "test_list")) + "\n";
        }
    },

    /**
     * Functions to be finished (Chen et al. 2021). Records as published: {@code prompt} (imports, perhaps other
     * functions, signature and docstring), {@code entry_point}, {@code canonical_solution}, {@code test}.
     *
     * <p>A reply that defines the function anew is run behind what the prompt has before that function; any other is taken
     * for the function's body and put behind the prompt, cut at the stop sequences of the paper. Right when
     * {@code check(candidate)} passes.
     */
    HUMANEVAL {
        @Override
        public Example example(JsonObject record) {
            String question = humanEvalQuestion(record);
            String name = Records.text(record, "entry_point");
            if (!IDENTIFIER.matcher(name).matches()) {
                throw record.invalid("entry_point", "expected a name, found '" + name + "'");
            }
            Records.text(record, "test");
            return new Example(
                    INSTRUCTION + "\n\n" + question, question, Records.text(record, "canonical_solution"), record);
        }

        @Override
        public Optional<String> extract(String reply, Example example) {
            String prompt = Records.text(example.record(), "prompt");
            String name = Records.text(example.record(), "entry_point");
            return PythonReply.program(reply, name)
                    .map(code -> PythonReply.defines(code, name)
                            ? PythonReply.before(prompt, name) + "\n" + code
                            : prompt + PythonReply.body(code));
        }

        @Override
        String tests(JsonObject record) {
            return Records.text(record, "test") + "\ncheck(" + Records.text(record, "entry_point") + ")\n";
        }
    };

    // two blanks in the middle, as published
    static final String INSTRUCTION = "You are an exceptionally intelligent coding assistant that "
            + " consistently delivers accurate and reliable responses to user instructions.";

    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** The tests, run behind the answer in the same module. */
    abstract String tests(JsonObject record);

    @Override
    public boolean isRight(String found, Example example, PythonSandbox sandbox) {
        return sandbox.run(found, tests(example.record())).passed();
    }

    /** The problem and its first test. */
    static String mbppQuestion(JsonObject record) {
        String problem =
                Records.text(record, record.has("text") ? "text" : "prompt").strip();
        List<String> tests = Records.texts(record, "test_list");
        if (tests.isEmpty()) {
            throw record.invalid("test_list", "expected at least one test, found none");
        }
        return problem + (problem.endsWith(".") ? "" : ".")
                + " Your code should satisfy the following assertion:\n```python\n"
                + tests.getFirst().strip() + "\n```";
    }

    /** The function to be finished. */
    static String humanEvalQuestion(JsonObject record) {
        return "Write a solution to the following problem:\n```python\n"
                + Records.text(record, "prompt").strip() + "\n```";
    }
}
