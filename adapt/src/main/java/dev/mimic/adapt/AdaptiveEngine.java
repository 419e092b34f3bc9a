package dev.mimic.adapt;

import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationListener;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.PendingGeneration;
import dev.mimic.engine.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A model that adapts itself in two passes (Transformer², section 3.2): the first looks at the question and decides what
 * answers it, the second answers. Thread-safe; rows of first and second passes and of different experts share batches.
 *
 * <pre>{@code
 * var factors = engine.factors().orElseThrow();
 * var folder = ExpertFolder.read(experts, note -> {});
 * var dispatcher = new Dispatcher.Classifier(
 *         DispatchPrompt.PUBLISHED, folder.classifier(factors, false, n -> {}), folder.adapters(factors, false, n -> {}));
 * AdaptedResult answer = new AdaptiveEngine(engine, dispatcher).generate(request);
 * }</pre>
 */
public final class AdaptiveEngine {
    private final Engine engine;
    private final Dispatcher dispatcher;

    /**
     * Makes one.
     *
     * @param engine borrowed; opened with the factors that the dispatcher's experts were checked against
     */
    public AdaptiveEngine(Engine engine, Dispatcher dispatcher) {
        this.engine = engine;
        this.dispatcher = dispatcher;
    }

    /** The engine. */
    public Engine engine() {
        return engine;
    }

    /** What decides. */
    public Dispatcher dispatcher() {
        return dispatcher;
    }

    /** The first pass alone. */
    public Choice choose(GenerationRequest request) {
        return dispatcher.choose(engine, List.of(question(request)), _ -> {}).getFirst();
    }

    /**
     * Both passes, for one reply.
     *
     * @param request its adapter is replaced
     */
    public AdaptedResult generate(GenerationRequest request) {
        Choice choice = choose(request);
        return new AdaptedResult(choice, engine.generate(request.withAdapter(choice.adapter())));
    }

    /** Both passes, telling a listener as the second one's reply grows. */
    public AdaptedResult generate(GenerationRequest request, GenerationListener listener) {
        Choice choice = choose(request);
        return new AdaptedResult(choice, engine.generate(request.withAdapter(choice.adapter()), listener));
    }

    /**
     * Both passes for several requests: all first passes together, then all second passes together.
     *
     * @return n results for each request, in order
     */
    public List<AdaptedResult> generateAll(List<GenerationRequest> requests) {
        List<Choice> choices =
                dispatcher.choose(engine, requests.stream().map(this::question).toList(), _ -> {});
        List<AdaptedResult> results = new ArrayList<>();
        List<List<PendingGeneration>> pending = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            pending.add(
                    engine.submitAll(requests.get(i).withAdapter(choices.get(i).adapter())));
        }
        for (int i = 0; i < pending.size(); i++) {
            for (PendingGeneration each : pending.get(i)) {
                GenerationResult result = each.await();
                results.add(new AdaptedResult(choices.get(i), result));
            }
        }
        return results;
    }

    /** What a request asks: its text, its last user message, or the text of its ids. */
    private String question(GenerationRequest request) {
        return switch (request.prompt()) {
            case Prompt.Text prompt -> prompt.text();
            case Prompt.Ids prompt -> engine.tokenizer().decode(prompt.ids(), true);
            case Prompt.Chat prompt -> lastQuestion(prompt.messages());
        };
    }

    private static String lastQuestion(List<Map<String, Object>> messages) {
        for (Map<String, Object> message : messages.reversed()) {
            if ("user".equals(message.get("role"))) {
                return text(message.get("content"));
            }
        }
        return messages.isEmpty() ? "" : text(messages.getLast().get("content"));
    }

    /** A message's text; of content in parts the text parts. */
    private static String text(Object content) {
        if (content instanceof List<?> parts) {
            StringBuilder text = new StringBuilder();
            for (Object part : parts) {
                if (part instanceof Map<?, ?> map && map.get("text") instanceof String piece) {
                    text.append(piece);
                }
            }
            return text.toString();
        }
        return content == null ? "" : String.valueOf(content);
    }
}
