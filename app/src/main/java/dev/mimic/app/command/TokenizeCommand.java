package dev.mimic.app.command;

import dev.mimic.loader.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "tokenize",
        description = "Turns texts into token ids and back, a JSON line each.",
        footer = {
            "",
            "stdin: one JSON string per line; stdout: {\"ids\": [...]} per line. With --decode the other way round:",
            "{\"ids\": [...]} in, {\"text\": ...} out. A line that fails gives {\"error\": ...} and the next goes on.",
            "Only tokenizer.json and tokenizer_config.json are needed in the folder.",
            "",
            "  echo '\"Hello\"' | mimic tokenize bundled"
        })
final class TokenizeCommand implements Callable<Integer> {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    @SuppressWarnings("UnusedVariable") // brings --threads, --debug and --help
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder with tokenizer.json, or `bundled`.")
    private String model;

    @Option(names = "--special", description = "Add the special tokens that the model's post-processor adds.")
    private boolean special;

    @Option(names = "--decode", description = "Turn ids into text.")
    private boolean decode;

    @Option(names = "--skip-special", description = "Leave special tokens out of decoded text.")
    private boolean skipSpecial;

    @Override
    public Integer call() {
        try (ModelSource source = ModelSource.of(model)) {
            Tokenizer tokenizer = Tokenizer.open(source.folder());
            JsonLines.answer(
                    mimic.console(), (_, line) -> decode ? decoded(tokenizer, line) : encoded(tokenizer, line));
        }
        return 0;
    }

    private Map<String, Object> encoded(Tokenizer tokenizer, Object line) {
        if (line instanceof String text) {
            return Map.of("ids", tokenizer.encode(text, special));
        }
        throw new IllegalArgumentException("expected a JSON string");
    }

    private Map<String, Object> decoded(Tokenizer tokenizer, Object line) {
        if (line instanceof Map<?, ?> map && map.get("ids") instanceof List<?> list) {
            return Map.of("text", tokenizer.decode(ids(tokenizer, list), skipSpecial));
        }
        throw new IllegalArgumentException("expected {\"ids\": [...]}");
    }

    private static int[] ids(Tokenizer tokenizer, List<?> list) {
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!(list.get(i) instanceof Long id) || id < 0 || id >= tokenizer.vocabularySize()) {
                throw new IllegalArgumentException(
                        "ids[" + i + "]: expected an id below " + tokenizer.vocabularySize() + ", got " + list.get(i));
            }
            ids[i] = id.intValue();
        }
        return ids;
    }
}
