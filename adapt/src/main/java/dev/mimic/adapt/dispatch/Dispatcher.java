package dev.mimic.adapt.dispatch;

import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.task.AnswerCheck;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Decides what answers a question (Transformer², section 3.2). Where a first pass is needed it is greedy. A reply without
 * a class, with the class {@code other}, or with one that has no expert, means the base model (the authors' code keeps the
 * expert of the question before).
 */
public sealed interface Dispatcher {
    /** The name on the command line. */
    String mode();

    /**
     * Decides, for all questions in one batch.
     *
     * @param engine borrowed
     * @param questions as their askers put them
     * @param progress hears how many first passes are done
     * @return a choice for each question
     */
    List<Choice> choose(Engine engine, List<String> questions, IntConsumer progress);

    /** Whether a reply of the model decides. */
    default boolean asksFirst() {
        return switch (this) {
            case Prompt _, Classifier _ -> true;
            case Fixed _, FewShot _ -> false;
        };
    }

    /** The base model for every question. */
    static Dispatcher none() {
        return new Fixed(Adapter.NONE, Map.of());
    }

    /**
     * The same for every question.
     *
     * @param adapter what answers
     * @param alpha weights of the experts in it, for reports
     */
    record Fixed(Adapter adapter, Map<String, Double> alpha) implements Dispatcher {
        public Fixed {
            alpha = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(alpha));
        }

        @Override
        public String mode() {
            return adapter instanceof Adapter.None ? "none" : "fixed";
        }

        @Override
        public List<Choice> choose(Engine engine, List<String> questions, IntConsumer progress) {
            Map<String, double[]> weights = new LinkedHashMap<>();
            alpha.forEach((name, weight) -> weights.put(name, new double[] {weight}));
            return same(questions, new Choice(Optional.empty(), weights, adapter, 0));
        }
    }

    /**
     * The base model names the kind, that kind's expert answers.
     *
     * @param experts by class
     */
    record Prompt(DispatchPrompt prompt, Map<String, Adapter> experts) implements Dispatcher {
        public Prompt {
            experts = Map.copyOf(experts);
        }

        @Override
        public String mode() {
            return "prompt";
        }

        @Override
        public List<Choice> choose(Engine engine, List<String> questions, IntConsumer progress) {
            return firstPass(engine, prompt, Adapter.NONE, experts, questions, progress);
        }
    }

    /**
     * An expert trained for it names the kind, that kind's expert answers.
     *
     * @param classifier answers the dispatch prompt
     * @param experts by class
     */
    record Classifier(DispatchPrompt prompt, Adapter classifier, Map<String, Adapter> experts) implements Dispatcher {
        public Classifier {
            experts = Map.copyOf(experts);
        }

        @Override
        public String mode() {
            return "classifier";
        }

        @Override
        public List<Choice> choose(Engine engine, List<String> questions, IntConsumer progress) {
            return firstPass(engine, prompt, classifier, experts, questions, progress);
        }
    }

    /**
     * The mixture that a search found on examples answers every question.
     *
     * @param experts their names, in the search's order
     */
    record FewShot(FewShotResult search, List<String> experts) implements Dispatcher {
        public FewShot {
            experts = List.copyOf(experts);
        }

        @Override
        public String mode() {
            return "fewshot";
        }

        @Override
        public List<Choice> choose(Engine engine, List<String> questions, IntConsumer progress) {
            return same(questions, new Choice(Optional.empty(), search.weights(experts), search.scaling(), 0));
        }
    }

    private static List<Choice> same(List<String> questions, Choice choice) {
        return questions.stream().map(_ -> choice).toList();
    }

    private static List<Choice> firstPass(
            Engine engine,
            DispatchPrompt prompt,
            Adapter asked,
            Map<String, Adapter> experts,
            List<String> questions,
            IntConsumer progress) {
        List<GenerationResult> replies = new Evaluator(engine)
                .results(questions.stream().map(prompt::about).toList(), _ -> asked, prompt.replyLimit(), progress);
        List<Choice> choices = new ArrayList<>();
        for (GenerationResult reply : replies) {
            Optional<String> kind = AnswerCheck.BOXED.extract(reply.text());
            Optional<String> expert = kind.filter(experts::containsKey);
            choices.add(new Choice(
                    kind,
                    expert.map(name -> Map.of(name, new double[] {1})).orElse(Map.of()),
                    expert.map(experts::get).orElse(Adapter.NONE),
                    reply.timings().firstToken() + reply.timings().decode()));
        }
        return choices;
    }
}
