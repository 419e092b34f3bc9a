package dev.mimic.adapt.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TaskTest {
    private static final String GSM8K = "{\"question\": \"2+2?\", \"answer\": \"2+2=4\\n#### 4\"}";
    private static final String MATH =
            "{\"problem\": \"1+1?\", \"level\": \"Level 1\", \"solution\": \"So $\\\\boxed{2}$.\"}";
    private static final String MBPP =
            "{\"text\": \"Write f\", \"code\": \"def f(): return 1\", \"task_id\": 1, \"test_setup_code\": \"\", \"test_list\": [\"assert f() == 1\"]}";
    private static final String HUMANEVAL =
            "{\"prompt\": \"import math\\n\\ndef f(x):\\n    \\\"\\\"\\\"one more\\\"\\\"\\\"\\n\", \"entry_point\": \"f\", \"canonical_solution\": \"    return x + 1\\n\", \"test\": \"def check(c):\\n    assert c(1) == 2\\n\"}";
    private static final String ARC =
            "{\"id\": \"q\", \"question\": {\"stem\": \"Which?\", \"choices\": [{\"text\": \"this\", \"label\": \"1\"}, {\"text\": \"that\", \"label\": \"2\"}]}, \"answerKey\": \"2\"}";

    @TempDir
    Path folder;

    private List<Example> read(Task task, String text) {
        return task.read(write("data.jsonl", text));
    }

    private Path write(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Example one(String task, String record) {
        return read(Task.of(task), record + "\n").getFirst();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            4                            | true
            It is 4.                     | true
            4.0                          | true
            1 and 2 and then $4          | true
            12-4                         | true
            -4                           | false
            -$4                          | false
            4 or 5                       | false
            4,000                        | false
            0,4                          | true
            four                         | false
            ''                           | false
            """)
    void gsm8kTakesTheLastNumber(String reply, boolean right) {
        assertEquals(right, Task.of("gsm8k").isRight(reply, one("gsm8k", GSM8K)));
    }

    @Test
    void gsm8kReadsCommasAsTheDataSetDoes() {
        Example example = one("gsm8k", "{\"question\": \"q\", \"answer\": \"#### -1,080\"}");
        assertEquals("-1080", example.answer());
        assertTrue(Task.of("gsm8k").isRight("so -1080.00", example));
        assertTrue(Task.of("gsm8k").isRight("so -$1,080", example));
        assertFalse(Task.of("gsm8k").isRight("so 80", example));
        assertFalse(Task.of("gsm8k").isRight("so 2,080", example));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            The answer is: 3.                             | 3
            The answer is: 3.\\nBecause it is.            | 3
            The answer is: 3. Or 4                        | 3. Or 4
            The answer is: 2. The answer is: 3            | 3
            \\boxed{2} and \\boxed{\\frac{1}{2}} done     | \\frac{1}{2}
            \\fbox{2}                                     | 2
            \\boxed 5$ is it                              | 5
            The answer is: $\\boxed{7}$.                  | 7
            \\boxed{1                                     |
            \\boxed                                       |
            the answer                                    |
            """)
    void mathTakesTheSentenceElseTheLastBox(String reply, String answer) {
        String text = reply.replace("\\\\", "\\").replace("\\n", "\n");
        String expected = answer == null ? null : answer.replace("\\\\", "\\");
        assertEquals(Optional.ofNullable(expected), Task.of("math").extract(text, one("math", MATH)));
    }

    @Test
    void mathReadsTheRightAnswerWhereverTheRecordHasIt() {
        assertEquals("2", one("math", MATH).answer());
        assertEquals(
                "5",
                one("math", "{\"problem\": \"p\", \"solution\": \"\\\\boxed{4}\", \"answer\": \"5\"}")
                        .answer());
        assertEquals(
                "6",
                one("math", "{\"question\": \"p\", \"answer\": \"So.The answer is: 6\"}")
                        .answer());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            the answer is (B)                  | B
            The answer is B. No, answer is A   | B
            Answer: A                          | A
            (A) no, (B)                        | B
            ABBA                               |
            A, I say                           | I
            say which                          |
            """)
    void arcTakesTheSentenceThenTheColonThenTheLastLetter(String reply, String letter) {
        assertEquals(Optional.ofNullable(letter), Task.of("arc-easy").extract(reply, one("arc-easy", ARC)));
    }

    @Test
    void arcNamesOptionsByTheirPlace() {
        Example example = one("arc-challenge", ARC);
        assertEquals("Which?\nOptions:\nA. this\nB. that", example.question());
        assertEquals("B", example.answer());
    }

    @Test
    void mbppAsksWithTheFirstTest() {
        assertEquals(
                "Write f. Your code should satisfy the following assertion:\n```python\nassert f() == 1\n```",
                one("mbpp", MBPP).question());
    }

    @Test
    void pythonTasksRunNothingWithoutASandbox() {
        assertTrue(Task.of("mbpp").runsPython() && Task.of("humaneval").runsPython());
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> Task.of("mbpp").isRight("x = 1", one("mbpp", MBPP)));
        assertEquals("mbpp: its answers are programs, expected a sandbox to run them in, got none", e.getMessage());
    }

    @Test
    void humanEvalTakesABodyOrAFunction() {
        Example example = one("humaneval", HUMANEVAL);
        Task task = Task.of("humaneval");
        String prompt = "import math\n\ndef f(x):\n    \"\"\"one more\"\"\"\n";
        assertEquals(
                prompt + "    return x + 1\n\n",
                task.extract("    return x + 1\n\nprint(f(1))", example).orElseThrow());
        assertEquals(
                "import math\n\n\ndef f(x):\n    return x + 1\n",
                task.extract("So:\n```python\ndef f(x):\n    return x + 1\n```\nDone.", example)
                        .orElseThrow());
    }

    @Test
    void dispatchMakesRowsOfMixedRecords() {
        String other = "{\"question\": \"How are you?\", \"answer\": \"other\"}";
        List<Example> rows = read(Task.of("dispatch"), String.join("\n\n", GSM8K, MATH, MBPP, HUMANEVAL, ARC, other));
        assertEquals(
                List.of("math", "math", "code", "code", "reasoning", "other"),
                rows.stream().map(Example::answer).toList());
        assertEquals("2+2?", rows.getFirst().question());
        assertTrue(rows.getFirst().prompt().endsWith("\\boxed{category}\n\n2+2?"));
        Task task = Task.of("dispatch");
        assertTrue(task.isRight("Classification: \\boxed{math}", rows.getFirst()));
        assertFalse(task.isRight("Classification: \\boxed{code}", rows.getFirst()));
        assertFalse(task.isRight("math", rows.getFirst()));
    }

    @Test
    void dispatchTakesAPromptOfOnesOwn() {
        Example row = read(Task.dispatch("Kind of: {question}?"), GSM8K).getFirst();
        assertEquals("Kind of: 2+2??", row.prompt());
        assertThrows(IllegalArgumentException.class, () -> Task.dispatch("Kind?"));
    }

    @Test
    void bundledRowsAreReadWithTheirOwnCheckAndLimit() {
        for (String name : BundledModel.EXPERTS) {
            Task task = Task.of("bundled-" + name);
            assertEquals(BundledModel.REPLY_LIMITS.get(name), task.replyLimit());
            for (Example example : BundledModel.examples(name, "test")) {
                String reply = name.equals("dispatch") ? "\\boxed{" + example.answer() + "}" : example.answer();
                assertTrue(task.isRight(reply, example), reply);
                assertFalse(task.isRight("", example));
                assertEquals(name.equals("dispatch"), !example.question().equals(example.prompt()));
            }
        }
    }

    @Test
    void jsonLinesTakeOneCheckOrEachItsOwn() {
        String rows = "{\"prompt\": \"p\", \"answer\": \"7\"}";
        Task number = Task.jsonLines(AnswerCheck.NUMBER);
        assertTrue(number.isRight("it is 7", read(number, rows).getFirst()));
        Task exact = Task.jsonLines(AnswerCheck.EXACT);
        assertFalse(exact.isRight("it is 7", read(exact, rows).getFirst()));
        assertTrue(exact.isRight(" 7\n", read(exact, rows).getFirst()));
        assertEquals(
                "data.jsonl line 1: check: missing, expected one in each record, or --check for all",
                assertThrows(InvalidModelException.class, () -> read(Task.of("jsonl"), rows))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            gsm8k | {"question": "q", "answer": "it is 4"} | answer: expected to end in '#### NUMBER', found 'it is 4'
            gsm8k | {"question": "q"}                      | answer: expected a text, found a record of {question}
            gsm8k | {"question": {}, "answer": "#### 4"}   | question: expected a text, found an object
            gsm8k | [1]                                    | expected an object, found 1
            gsm8k | "text"                                 | expected a JSON object, found the text "text"
            math  | {"question": "q", "answer": "four"}    | answer: expected \\boxed{…} or 'The answer is: …', found 'four'
            mbpp  | {"text": "q", "test_list": "x", "code": ""} | test_list: expected a list, found the text "x"
            mbpp  | {"text": "q", "test_list": [], "code": ""}  | test_list: expected at least one test, found none
            mbpp  | {"text": "q", "test_list": [3], "code": ""} | test_list: expected a list of texts, found an element 3
            humaneval | {"prompt": "p", "entry_point": "f(", "test": ""} | entry_point: expected a name, found 'f('
            arc-easy | {"question": {"stem": "s", "choices": []}, "answerKey": "A"} | question.choices: expected 1 to 10 options, found 0
            arc-easy | {"question": {"stem": "s", "choices": [{"text": "t", "label": "A"}]}, "answerKey": "E"} | answerKey: expected one of A, found 'E'
            dispatch | {"question": "q", "answer": "poetry"} | answer: expected a class (code, math, reasoning, other) or the solution of a gsm8k or math record, found 'poetry'
            dispatch | {"text": "q"} | question: expected a record of gsm8k, math, mbpp, humaneval or arc, or {question, answer}, found a record of {text}
            jsonl | {"prompt": "p", "answer": "4 apples", "check": "number"} | answer: expected an integer, found '4 apples'
            jsonl | {"prompt": "p", "answer": "E", "check": "letter"} | answer: expected A, B, C or D, found 'E'
            jsonl | {"prompt": "p", "answer": "x", "check": "expression", "tests": [1]} | tests: expected objects {given, value} with integer values
            """)
    void aRecordThatDoesNotFitIsOneLine(String task, String record, String message) {
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> one(task, record.strip()));
        String place = record.startsWith("[") ? "data.jsonl record 1: " : "data.jsonl line 1: ";
        assertEquals(place + message.strip().replace("\\\\", "\\"), e.getMessage());
    }

    @Test
    void theLineOfTheFirstBadRecordIsNamed() {
        InvalidModelException e = assertThrows(
                InvalidModelException.class,
                () -> read(Task.of("gsm8k"), GSM8K + "\r\n\r\n" + GSM8K + "\n{\"a\": 1}\n"));
        assertEquals("data.jsonl line 4: question: expected a text, found a record of {a}", e.getMessage());
        assertEquals(
                "data.jsonl: expected at least one record, found none",
                assertThrows(InvalidModelException.class, () -> read(Task.of("gsm8k"), " \n"))
                        .getMessage());
    }

    @Test
    void gzipAndListsAreRead() throws IOException {
        Path file = folder.resolve("packed.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write((GSM8K + "\n" + GSM8K).getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(2, Task.of("gsm8k").read(file).size());
        assertEquals(
                2, read(Task.of("gsm8k"), "\n [" + GSM8K + ",\n" + GSM8K + "]").size());
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 9));
        InvalidModelException e =
                assertThrows(InvalidModelException.class, () -> Task.of("gsm8k").read(file));
        assertTrue(e.getMessage().startsWith("packed.jsonl.gz: not valid gzip: "), e.getMessage());
    }

    @Test
    void everyNameIsATaskAndNoOtherIs() {
        for (String name : Task.names()) {
            assertEquals(name, Task.of(name).name());
            assertTrue(Task.of(name).replyLimit() > 0);
        }
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Task.of("gsm9k"));
        assertTrue(e.getMessage().startsWith("task: expected one of gsm8k, math, "), e.getMessage());
        assertTrue(e.getMessage().endsWith(", got 'gsm9k'"), e.getMessage());
    }
}
