package dev.mimic.app.command;

import dev.mimic.engine.jinja.TemplateException;
import dev.mimic.engine.prompt.ChatTemplate;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "render",
        description = "Renders conversations by the model's chat template, a JSON line each.",
        footer = {
            "",
            "stdin: {\"messages\": [{\"role\": ..., \"content\": ...}, ...], \"add_generation_prompt\": true, \"tools\": ...}",
            "per line, any further name is a variable of the template; stdout: {\"text\": ...} or {\"error\": ...}.",
            "Only tokenizer.json and tokenizer_config.json are needed in the folder.",
            "",
            "  echo '{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}' | mimic render bundled"
        })
final class RenderCommand implements Callable<Integer> {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    @SuppressWarnings("UnusedVariable") // brings --threads, --debug and --help
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder with tokenizer_config.json, or `bundled`.")
    private String model;

    @Override
    public Integer call() {
        try (ModelSource source = ModelSource.of(model)) {
            ChatTemplate template = ChatTemplate.of(Tokenizer.open(source.folder()))
                    .orElseThrow(() -> new IllegalArgumentException(model + " has no chat template"));
            JsonLines.answer(mimic.console(), (name, line) -> Map.of("text", render(template, name, line)));
        }
        return 0;
    }

    private static String render(ChatTemplate template, String name, Object line) {
        if (!(line instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException("expected an object with messages");
        }
        Map<String, Object> variables = new LinkedHashMap<>();
        map.forEach((key, value) -> variables.put((String) key, value));
        JsonObject object = new JsonObject(name, "", variables);
        List<Object> messages = object.list("messages").orElseThrow(() -> object.missing("messages"));
        boolean generate = object.bool("add_generation_prompt").orElse(false);
        variables.remove("messages");
        variables.remove("add_generation_prompt");
        try {
            return template.render(messages.stream().map(RenderCommand::message).toList(), generate, variables);
        } catch (TemplateException e) {
            throw new IllegalArgumentException("chat template, " + e.getMessage(), e);
        }
    }

    private static Map<String, Object> message(Object message) {
        if (!(message instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException("messages: expected objects");
        }
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((name, value) -> copy.put((String) name, value));
        return copy;
    }
}
