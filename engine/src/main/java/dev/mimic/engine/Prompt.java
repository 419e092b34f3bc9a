package dev.mimic.engine;

import java.util.List;
import java.util.Map;

/** What a request asks. */
public sealed interface Prompt {
    /** Raw text; it gets what the tokenizer's post-processor adds. */
    record Text(String text) implements Prompt {}

    /**
     * Token ids as they are.
     *
     * @param ids copied
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Ids(int[] ids) implements Prompt {
        public Ids {
            ids = ids.clone();
        }

        @Override
        public int[] ids() {
            return ids.clone();
        }
    }

    /**
     * A conversation for the model's own chat template, with a generation prompt at its end.
     *
     * @param messages as the template takes them, usually {@code role} and {@code content}
     * @param variables more variables of the template, such as {@code tools}
     */
    record Chat(List<Map<String, Object>> messages, Map<String, Object> variables) implements Prompt {
        public Chat {
            messages = List.copyOf(messages);
        }
    }
}
