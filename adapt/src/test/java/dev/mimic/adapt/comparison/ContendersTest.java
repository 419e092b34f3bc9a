package dev.mimic.adapt.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.dispatch.DispatchPrompt;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ContendersTest {
    private static TaskAdapter adapter(String file, String kind, int parameters) {
        return new TaskAdapter(file, kind, new Adapter.Scaling(Map.of(file, new float[] {1})), parameters);
    }

    private static Column column(String name, String task) {
        return Column.of(name, Task.of(task), List.of());
    }

    private static Contenders contenders(Map<String, TaskAdapter> experts, TaskAdapter classifier) {
        return new Contenders(
                Map.of(),
                experts,
                Optional.ofNullable(classifier),
                Map.of(),
                Map.of(),
                Map.of(),
                DispatchPrompt.PUBLISHED);
    }

    private static final TaskAdapter GSM = adapter("expert-gsm8k", "math", 5);
    private static final TaskAdapter MATH = adapter("expert-math", "math", 7);
    private static final TaskAdapter CODE = adapter("expert-mbpp", "code", 11);

    private static Map<String, TaskAdapter> experts() {
        Map<String, TaskAdapter> experts = new LinkedHashMap<>();
        experts.put("gsm8k", GSM);
        experts.put("mbpp", CODE);
        return experts;
    }

    @Test
    void aTaskWithoutAnExpertHasThatOfItsKind() {
        Contenders all = contenders(experts(), null);
        Contender.Ready own = assertInstanceOf(Contender.Ready.class, all.of(Method.SVF, column("gsm8k", "gsm8k")));
        assertEquals(List.of("expert-gsm8k"), own.experts());
        Contender.Ready kind =
                assertInstanceOf(Contender.Ready.class, all.of(Method.SVF, column("humaneval", "humaneval")));
        assertEquals(List.of("expert-mbpp"), kind.experts());
        assertEquals(11, kind.parameters());
        Contender.Missing none =
                assertInstanceOf(Contender.Missing.class, all.of(Method.SVF, column("arc-easy", "arc-easy")));
        assertTrue(none.why().contains("arc-easy"), none.why());
    }

    @Test
    void aKindIsAnsweredByTheExpertOfItsName() {
        Map<String, TaskAdapter> experts = experts();
        experts.put("math", MATH);
        Contender.Ready ready = assertInstanceOf(
                Contender.Ready.class, contenders(experts, null).of(Method.PROMPT, column("gsm8k", "gsm8k")));
        Dispatcher.Prompt prompt = assertInstanceOf(Dispatcher.Prompt.class, ready.dispatcher());
        assertEquals(Map.of("math", MATH.adapter(), "code", CODE.adapter()), prompt.experts());
        assertEquals(18, ready.parameters());
    }

    @Test
    void theClassifierCountsAndItsLackIsSaid() {
        Column gsm = column("gsm8k", "gsm8k");
        TaskAdapter classifier = adapter("expert-dispatch", "dispatch", 13);
        Contender.Ready ready = assertInstanceOf(
                Contender.Ready.class, contenders(experts(), classifier).of(Method.CLASSIFIER, gsm));
        Dispatcher.Classifier asked = assertInstanceOf(Dispatcher.Classifier.class, ready.dispatcher());
        assertEquals(classifier.adapter(), asked.classifier());
        assertEquals(29, ready.parameters());
        assertEquals(List.of("expert-gsm8k", "expert-mbpp", "expert-dispatch"), ready.experts());
        Contender.Missing missing = assertInstanceOf(
                Contender.Missing.class, contenders(experts(), null).of(Method.CLASSIFIER, gsm));
        assertTrue(missing.why().contains("--classifier"), missing.why());
        assertInstanceOf(Contender.Missing.class, contenders(experts(), null).of(Method.FEWSHOT, gsm));
        assertInstanceOf(Contender.Missing.class, contenders(experts(), null).of(Method.LORA, gsm));
        assertInstanceOf(Contender.Missing.class, contenders(Map.of(), null).of(Method.PROMPT, gsm));
    }

    @Test
    void rowsAreNamedByTheirOptions() {
        assertEquals(List.of(Method.FEWSHOT), Method.of("fewshot"));
        assertEquals(List.of(Method.TRANSFER, Method.SHUFFLED), Method.of("transfer"));
        assertThrows(IllegalArgumentException.class, () -> Method.of("SVF"));
    }
}
