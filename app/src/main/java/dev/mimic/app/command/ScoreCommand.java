package dev.mimic.app.command;

import dev.mimic.engine.Score;
import dev.mimic.loader.json.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "score",
        description = "Gives the log-probability of a completion after a prompt.",
        footer = {
            "",
            "stdout: {\"tokens\", \"logprobs\", \"logprob\"}; natural logarithms, of the completion's tokens alone.",
            "",
            "  mimic score DIR --prompt \"The capital of France is\" --completion \" Paris\""
        })
final class ScoreCommand implements Callable<Integer> {
    @ParentCommand
    private MimicCommand mimic;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Parameters(paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Option(names = "--prompt", paramLabel = "P", description = "The prompt as text.")
    private String prompt;

    @Option(names = "--completion", paramLabel = "C", description = "The completion as text.")
    private String completion;

    @Option(names = "--prompt-ids", split = ",", paramLabel = "ID", description = "The prompt as token ids.")
    private List<Integer> promptIds;

    @Option(names = "--completion-ids", split = ",", paramLabel = "ID", description = "The completion as token ids.")
    private List<Integer> completionIds;

    @Mixin
    private ExpertFlags experts;

    @Mixin
    private LoraFlags lora;

    @Mixin
    private QuantizeFlags quantize;

    @Override
    public Integer call() {
        boolean texts = prompt != null && completion != null && promptIds == null && completionIds == null;
        boolean ids = prompt == null && completion == null && promptIds != null && completionIds != null;
        if (!texts && !ids) {
            throw new ParameterException(
                    spec.commandLine(), "expected --prompt and --completion, or --prompt-ids and --completion-ids");
        }
        try (Session session = Session.open(mimic.console(), spec, common, device, model, experts, lora, quantize)) {
            Score score = texts
                    ? session.engine().score(prompt, completion, session.adapter())
                    : session.engine().score(array(promptIds), array(completionIds), session.adapter());
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("tokens", score.ids());
            report.put("logprobs", Arrays.stream(score.logprobs()).boxed().toList());
            report.put("logprob", score.logprob());
            mimic.console().out().println(Json.write(report));
        }
        return 0;
    }

    private static int[] array(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }
}
