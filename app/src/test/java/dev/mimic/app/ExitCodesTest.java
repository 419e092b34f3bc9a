package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.TestFolders;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One rule for all commands: 2 for a command line that no input could make right, 1 for bad input and failed work. Each
 * line is a code, the words of a command, and a word that its error names.
 */
final class ExitCodesTest {
    private static final String USAGE = """
            fly : fly
            run : MODEL
            run bundled : PROMPT
            run bundled x --wings : --wings
            run bundled x --max-tokens abc : --max-tokens
            run bundled x --max-tokens -1 : max tokens
            run bundled x --temperature -1 : temperature
            run bundled x --temperature NaN : temperature
            run bundled x --top-k -1 : top-k
            run bundled x --top-p 2 : top-p
            run bundled x --min-p 2 : min-p
            run bundled x --seed q : --seed
            run bundled x --n 0 : n is 0
            run bundled x --context 0 : context
            run bundled x --repetition-penalty 0 : repetition
            run bundled x --logit-bias 1 : --logit-bias
            run bundled x --logit-bias -1=1 : logit bias
            run bundled x --threads 0 : --threads
            run bundled x --expert math --mix blend : mix
            run bundled x --expert @2 : expert
            run bundled x --form round : --form
            run bundled x --adapt guess : --adapt
            run bundled x --adapt fewshot : --task
            run nowhere x --top-p 2 : top-p
            run bundled --prompt-ids 1,b : --prompt-ids
            run oracle/models/llama-bf16 x --expert math : mimic decompose
            chat : MODEL
            chat bundled --top-p 2 : top-p
            chat bundled --context 0 : context
            chat bundled --mix blend : mix
            logits bundled --ids 1 : --out
            logits bundled --ids x --out f : --ids
            logits bundled --ids 1 --out f --mix blend : mix
            score bundled --prompt x : --completion
            score bundled --prompt x --completion y --threads 0 : --threads
            tokenize : MODEL
            tokenize bundled --threads 0 : --threads
            render bundled --threads 0 : --threads
            inspect : MODEL
            inspect bundled --threads 9999 : --threads
            svd f t : --out
            svd f t --out x --rank 0 : --rank
            svd f t --out x --method gaussian : rank
            svd f t --out x --method round : --method
            svd f t --out x --oversampling -1 : oversampling
            svd f t --out x --power -1 : power
            decompose bundled : OUT
            decompose bundled out --rank 0 : --rank
            decompose bundled out --dtype f8 : --dtype
            decompose bundled out --targets= : targets
            merge bundled --out out : --expert
            merge bundled --expert math --out out --mix blend : mix
            merge bundled --expert math --out out --dtype f8 : --dtype
            quantize bundled : OUT
            quantize bundled out --format q5 : --format
            quantize bundled out --threads 0 : --threads
            run bundled x --quantize q3 : --quantize
            train bundled --task bundled-math : --out
            train bundled --task juggling --out e : task
            train bundled --task bundled-math --out e --lr -1 : learning rate
            train bundled --task bundled-math --out e --steps 0 : steps
            train bundled --task bundled-math --out e --samples 5 : samples
            train bundled --task bundled-math --out e --objective win : objective
            train bundled --task bundled-math --out e --schedule steep : --schedule
            train bundled --task bundled-math --out e --method lora --rank 0 : rank
            train bundled --task bundled-math --out e --method prefix : expected one of svf, lora but was
            train bundled --task bundled-math --out e --parametrisation sakana --targets attention : --targets mlp
            train bundled --task gsm8k --out e : --data
            adapt bundled --task bundled-mixed --out x : --expert
            adapt bundled --task bundled-mixed --expert math --out x --population 0 : population
            adapt bundled --task bundled-mixed --expert math --out x --elite 3 : elite
            adapt bundled --task bundled-mixed --expert math --out x --range 3 : --range
            adapt bundled --task bundled-mixed --expert math --out x --batch 0 : batch
            adapt bundled --task bundled-mixed --expert math --out x --max-tokens -1 : max tokens
            eval bundled : --task
            eval bundled --task juggling : juggling
            eval bundled --task bundled-math --limit 0 : --limit
            eval bundled --task bundled-math --batch 0 : batch
            eval bundled --task bundled-math --max-tokens -1 : max tokens
            eval bundled --task bundled-math --temperature -1 : temperature
            eval bundled --task jsonl --data f --check nose : --check
            eval bundled --task bundled-math --check number : --check
            import f : DIR
            import f d --dtype f8 : --dtype
            import-sakana f --model bundled : --out
            import-sakana f --model bundled --out x --max-mult 0 : --max-mult
            demo --threads 0 : --threads
            doctor --threads 0 : --threads
            doctor please : please
            """;

    private static final String FAILED = """
            run nowhere x : nowhere
            run bundled --prompt-ids 99999 : 99999
            run bundled x --expert nosuch : nosuch
            run bundled x --logit-bias 99999=1 : 99999
            chat nowhere : nowhere
            quantize nowhere out : nowhere
            quantize bundled out --check nosuch : nosuch
            logits bundled --ids 99999 --out f : 99999
            logits nowhere --ids 1 --out f : nowhere
            score nowhere --prompt x --completion y : nowhere
            tokenize nowhere : nowhere
            render nowhere : nowhere
            inspect nowhere : nowhere
            svd nowhere t --out f : nowhere
            decompose nowhere out : nowhere
            decompose bundled out --targets nosuch* : nosuch*
            merge nowhere --expert e --out out : nowhere
            train bundled --task gsm8k --data nowhere --out e : nowhere
            adapt bundled --task bundled-mixed --expert nosuch --out x : nosuch
            eval bundled --task gsm8k --data nowhere : nowhere
            eval bundled --task bundled-math --adapt prompt --experts no/dir : dir: expected a folder of experts, found none
            eval nowhere --task bundled-math : nowhere
            import nowhere d : nowhere
            import-sakana nowhere --model bundled --out x : nowhere
            """;

    private static Stream<String> usage() {
        return USAGE.lines();
    }

    private static Stream<String> failed() {
        return FAILED.lines();
    }

    @ParameterizedTest
    @MethodSource("usage")
    void isTwoForACommandLineThatNoInputCouldMakeRight(String line) {
        Outcome outcome = check(2, line);
        assertTrue(outcome.err().contains("\ntry: mimic"), outcome.err());
    }

    @ParameterizedTest
    @MethodSource("failed")
    void isOneForBadInput(String line) {
        check(1, line);
    }

    private static Outcome check(int code, String line) {
        String[] parts = line.split(" : ", -1);
        String command = parts[0].replace("oracle/", TestFolders.root() + "/oracle/");
        Outcome outcome = Outcome.run(command.split(" ", -1));
        assertEquals(code, outcome.code(), outcome.err());
        List<String> errors = outcome.errors();
        assertEquals(1, errors.size(), outcome.err());
        assertTrue(errors.getFirst().contains(parts[1]), outcome.err());
        assertEquals("", outcome.out());
        return outcome;
    }
}
