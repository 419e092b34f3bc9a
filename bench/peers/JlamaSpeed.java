import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.model.functions.Generator;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import java.io.File;
import java.util.Optional;
import java.util.UUID;

/** Tokens a second of Jlama, prompt and reply: MODEL THREADS PROMPT_TOKENS NEW_TOKENS TYPE, where TYPE is F32, BF16, I8 or Q4. */
final class JlamaSpeed {
    private JlamaSpeed() {}

    public static void main(String[] args) {
        DType type = DType.valueOf(args[4]);
        boolean quantized = type == DType.Q4 || type == DType.I8;
        // activations in 8 bit beside weights in 4, as its own command line has them
        AbstractModel model = ModelSupport.loadModel(
                new File(args[0]),
                new File(System.getProperty("java.io.tmpdir")),
                DType.F32,
                type == DType.Q4 ? DType.I8 : DType.F32,
                quantized ? Optional.of(type) : Optional.empty(),
                Optional.of(Integer.parseInt(args[1])));
        String prompt = " a".repeat(Integer.parseInt(args[2]) - 1);
        int reply = Integer.parseInt(args[3]);
        int prompted = Integer.parseInt(args[2]);
        // its second limit is on both together
        Generator.Response warm = run(model, prompt, prompted + reply);
        Generator.Response response = run(model, prompt, prompted + reply);
        if (warm.promptTokens != response.promptTokens) {
            throw new IllegalStateException("the same prompt has other tokens");
        }
        System.out.printf(
                "{\"prompt\": %.3f, \"decode\": %.3f}%n",
                1e3 * response.promptTokens / response.promptTimeMs,
                1e3 * response.generatedTokens / response.generateTimeMs);
    }

    private static Generator.Response run(AbstractModel model, String prompt, int limit) {
        return model.generate(UUID.randomUUID(), PromptContext.of(prompt), 0, limit, (piece, probability) -> {});
    }
}
