package dev.mimic.engine;

import dev.mimic.engine.runtime.BatchScheduler;
import dev.mimic.engine.runtime.ScorePass;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Log-probabilities of completions, on the engine's thread. */
final class Scorer {
    private final OpenModel model;
    private final RequestReader requests;
    private final BatchScheduler scheduler;
    private final EngineOptions.CacheFormat cacheFormat;

    /** Borrows all. */
    Scorer(OpenModel model, RequestReader requests, BatchScheduler scheduler, EngineOptions.CacheFormat cacheFormat) {
        this.model = model;
        this.requests = requests;
        this.scheduler = scheduler;
        this.cacheFormat = cacheFormat;
    }

    /** As {@link Engine#scoreAll}. */
    List<Score> all(List<ScoreRequest> all) {
        List<Score> scores = new ArrayList<>();
        List<ScorePass.Sequence> sequences = new ArrayList<>();
        for (ScoreRequest request : all) {
            int[] prompt = requests.checked(request.promptIds());
            int[] completion = request.completionIds();
            Score score = new Score(completion.clone(), new double[completion.length]);
            scores.add(score);
            if (completion.length > 0) {
                requests.checked(completion);
                requests.checkFits("score", prompt.length + completion.length);
                int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
                System.arraycopy(completion, 0, ids, prompt.length, completion.length);
                sequences.add(new ScorePass.Sequence(
                        ids, prompt.length, requests.scales(request.adapter()), score.logprobs()));
            }
        }
        if (!sequences.isEmpty()) {
            scheduler.call(() -> {
                model.checkStillWhole();
                new ScorePass(model.transformer(), cacheFormat.type()).run(sequences);
                return null;
            });
        }
        return List.copyOf(scores);
    }

    /** As {@link Engine#score(String, String, Adapter)} reads it. */
    ScoreRequest request(String prompt, String completion, Adapter adapter) {
        Tokenizer tokenizer = requests.requireTokenizer();
        int[] before = tokenizer.encode(prompt, true);
        int[] whole = tokenizer.encode(prompt + completion, true);
        if (!Arrays.equals(before, Arrays.copyOf(whole, Math.min(whole.length, before.length)))) {
            throw new IllegalArgumentException("score: the tokens of the prompt do not begin those of prompt and"
                    + " completion together; give token ids");
        }
        return new ScoreRequest(before, Arrays.copyOfRange(whole, before.length, whole.length), adapter);
    }
}
