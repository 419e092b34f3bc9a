package dev.mimic.app.command;

import dev.mimic.engine.ForwardSink;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "logits",
        description = "Writes the logits of every position of given tokens to a safetensors file.",
        footer = {
            "",
            "The file holds \"logits\" F32 [n, vocabulary]; --hidden adds \"hidden.0\" (embeddings), \"hidden.i\""
                    + " (after",
            "layer i) and, one higher than the last layer, what the final norm gives, F32 [n, hidden] each.",
            "",
            "  mimic logits bundled --ids 0,3,448 --out logits.safetensors"
        })
final class LogitsCommand implements Callable<Integer> {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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

    @Option(names = "--ids", required = true, split = ",", paramLabel = "ID", description = "Token ids, by commas.")
    private List<Integer> ids;

    @Option(names = "--out", required = true, paramLabel = "F", description = "File to write.")
    private Path out;

    @Option(names = "--hidden", description = "Add the hidden states.")
    private boolean hidden;

    @Mixin
    private ExpertFlags experts;

    @Mixin
    private LoraFlags lora;

    @Mixin
    private QuantizeFlags quantize;

    @Override
    public Integer call() {
        AtomicFile.requirePlace(out);
        try (Session session = Session.open(mimic.console(), spec, common, device, model, experts, lora, quantize);
                Arena arena = Arena.ofShared()) {
            int count = ids.size();
            int vocabulary = session.engine().config().vocabularySize();
            int size = session.engine().config().hiddenSize();
            int stages = hidden ? session.engine().config().layers() + 2 : 0;
            MemorySegment logits = arena.allocate((long) count * vocabulary * Float.BYTES, Float.BYTES);
            List<MemorySegment> states = new ArrayList<>();
            for (int i = 0; i < stages; i++) {
                states.add(arena.allocate((long) count * size * Float.BYTES, Float.BYTES));
            }
            session.engine()
                    .forward(
                            ids.stream().mapToInt(Integer::intValue).toArray(),
                            session.adapter(),
                            new Collector(logits, states));
            write(count, vocabulary, size, logits, states);
        }
        return 0;
    }

    private void write(int count, int vocabulary, int size, MemorySegment logits, List<MemorySegment> states) {
        List<TensorView> tensors = new ArrayList<>();
        tensors.add(TensorView.of("logits", DType.F32, logits, count, vocabulary));
        for (int i = 0; i < states.size(); i++) {
            tensors.add(TensorView.of("hidden." + i, DType.F32, states.get(i), count, size));
        }
        SafetensorsWriter.write(out, tensors, Map.of());
    }

    private record Collector(MemorySegment logits, List<MemorySegment> states) implements ForwardSink {
        @Override
        public void logits(int position, float[] row) {
            put(logits, position, row);
        }

        @Override
        public void hidden(int stage, int position, float[] row) {
            if (stage < states.size()) {
                put(states.get(stage), position, row);
            }
        }

        private static void put(MemorySegment target, int position, float[] row) {
            MemorySegment.copy(row, 0, target, FLOAT, (long) position * row.length * Float.BYTES, row.length);
        }
    }
}
