package dev.mimic.engine;

import dev.mimic.engine.sampling.SamplingOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A request for one or several replies. Begin with {@link #of(String)}, {@link #ofIds} or {@link #ofChat}; every {@code
 * with…} method gives a changed copy.
 *
 * @param prompt what is asked
 * @param noBos encodes without the tokenizer's post-processor; removes nothing
 * @param maxTokens new tokens at most; empty for the model's {@code max_new_tokens}, else 256
 * @param sampling how tokens are drawn; empty for {@link Engine#defaultSampling()}
 * @param stopStrings texts that end the reply; they are not part of it
 * @param stopIds token ids that end the reply beside the model's own
 * @param ignoreEos honours no stop id, neither the model's nor {@code stopIds}
 * @param adapter the expert in use
 * @param n replies; the i-th, from 0, draws with the sampling's seed + i
 * @param deadline time from submission after which the reply ends with what there is; empty for none
 */
public record GenerationRequest(
        Prompt prompt,
        boolean noBos,
        OptionalInt maxTokens,
        Optional<SamplingOptions> sampling,
        List<String> stopStrings,
        Set<Integer> stopIds,
        boolean ignoreEos,
        Adapter adapter,
        int n,
        Optional<Duration> deadline) {

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException naming the field and the value
     */
    public GenerationRequest {
        stopStrings = List.copyOf(stopStrings);
        stopIds = Set.copyOf(stopIds);
        if (maxTokens.isPresent() && maxTokens.getAsInt() < 0) {
            throw new IllegalArgumentException(
                    "request: max tokens is " + maxTokens.getAsInt() + ", expected 0 or more");
        }
        if (n < 1) {
            throw new IllegalArgumentException("request: n is " + n + ", expected at least 1");
        }
        for (String stop : stopStrings) {
            if (stop.isEmpty()) {
                throw new IllegalArgumentException("request: a stop string is empty, expected a text");
            }
        }
    }

    /** Continues a raw text. */
    public static GenerationRequest of(String prompt) {
        return of(new Prompt.Text(prompt));
    }

    /** Continues token ids as they are. */
    public static GenerationRequest ofIds(int... ids) {
        return of(new Prompt.Ids(ids));
    }

    /** Answers a conversation through the model's chat template. */
    public static GenerationRequest ofChat(List<Map<String, Object>> messages) {
        return of(new Prompt.Chat(messages, Map.of()));
    }

    /** Answers a prompt of any kind. */
    public static GenerationRequest of(Prompt prompt) {
        return new GenerationRequest(
                prompt,
                false,
                OptionalInt.empty(),
                Optional.empty(),
                List.of(),
                Set.of(),
                false,
                Adapter.NONE,
                1,
                Optional.empty());
    }

    public GenerationRequest withPrompt(Prompt value) {
        return new GenerationRequest(
                value, noBos, maxTokens, sampling, stopStrings, stopIds, ignoreEos, adapter, n, deadline);
    }

    public GenerationRequest withNoBos(boolean value) {
        return new GenerationRequest(
                prompt, value, maxTokens, sampling, stopStrings, stopIds, ignoreEos, adapter, n, deadline);
    }

    public GenerationRequest withMaxTokens(int value) {
        OptionalInt limit = OptionalInt.of(value);
        return new GenerationRequest(
                prompt, noBos, limit, sampling, stopStrings, stopIds, ignoreEos, adapter, n, deadline);
    }

    public GenerationRequest withSampling(SamplingOptions value) {
        return new GenerationRequest(
                prompt, noBos, maxTokens, Optional.of(value), stopStrings, stopIds, ignoreEos, adapter, n, deadline);
    }

    public GenerationRequest withStopStrings(List<String> value) {
        return new GenerationRequest(
                prompt, noBos, maxTokens, sampling, value, stopIds, ignoreEos, adapter, n, deadline);
    }

    public GenerationRequest withStopIds(Set<Integer> value) {
        return new GenerationRequest(
                prompt, noBos, maxTokens, sampling, stopStrings, value, ignoreEos, adapter, n, deadline);
    }

    public GenerationRequest withIgnoreEos(boolean value) {
        return new GenerationRequest(
                prompt, noBos, maxTokens, sampling, stopStrings, stopIds, value, adapter, n, deadline);
    }

    public GenerationRequest withAdapter(Adapter value) {
        return new GenerationRequest(
                prompt, noBos, maxTokens, sampling, stopStrings, stopIds, ignoreEos, value, n, deadline);
    }

    public GenerationRequest withN(int value) {
        return new GenerationRequest(
                prompt, noBos, maxTokens, sampling, stopStrings, stopIds, ignoreEos, adapter, value, deadline);
    }

    public GenerationRequest withDeadline(Duration value) {
        return new GenerationRequest(
                prompt, noBos, maxTokens, sampling, stopStrings, stopIds, ignoreEos, adapter, n, Optional.of(value));
    }
}
