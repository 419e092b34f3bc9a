package dev.mimic.engine;

import dev.mimic.engine.runtime.Completion;
import dev.mimic.engine.runtime.GenerationTask;
import dev.mimic.engine.runtime.ReplyText;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Turns what the scheduler left of a task into a result. */
final class ResultWriter {
    private final OpenModel model;

    /** Borrows the model. */
    ResultWriter(OpenModel model) {
        this.model = model;
    }

    /** What a finished task comes to. */
    GenerationResult of(GenerationTask task, int[] promptIds, Completion completion) {
        String text = task.text() != null
                ? task.text().text()
                : model.tokenizer()
                        .map(tokenizer -> ReplyText.whole(tokenizer, promptIds, completion.ids()))
                        .orElse("");
        return new GenerationResult(
                text,
                completion.ids(),
                promptIds.clone(),
                switch (completion.cause()) {
                    case STOP -> GenerationResult.FinishReason.STOP;
                    case LENGTH -> GenerationResult.FinishReason.LENGTH;
                    case CANCELLED -> GenerationResult.FinishReason.CANCELLED;
                    case DEADLINE -> GenerationResult.FinishReason.DEADLINE;
                },
                completion.stopId() < 0 ? OptionalInt.empty() : OptionalInt.of(completion.stopId()),
                new GenerationResult.Timings(
                        completion.firstTokenNanos() / 1e9,
                        completion.prefillNanos() / 1e9,
                        completion.decodeNanos() / 1e9),
                logprobs(completion));
    }

    private static List<GenerationResult.TokenLogprob> logprobs(Completion completion) {
        List<GenerationResult.TokenLogprob> all = new ArrayList<>();
        int count = completion.logprobs().length;
        int top = count == 0 ? 0 : completion.topIds().length / count;
        for (int i = 0; i < count; i++) {
            List<GenerationResult.Candidate> candidates = new ArrayList<>();
            for (int j = i * top; j < (i + 1) * top; j++) {
                candidates.add(new GenerationResult.Candidate(
                        completion.topIds()[j], completion.topLogprobs()[j]));
            }
            all.add(new GenerationResult.TokenLogprob(
                    completion.ids()[i], completion.logprobs()[i], List.copyOf(candidates)));
        }
        return List.copyOf(all);
    }
}
