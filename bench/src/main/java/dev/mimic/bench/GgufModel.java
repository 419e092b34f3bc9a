package dev.mimic.bench;

import dev.mimic.loader.gguf.GgufType;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a random model as GGUF, for other runtimes to be measured on the same weights. Speed is all it is good for:
 * queries and keys keep the order of Hugging Face, scaled positions are left out. With a tokenizer.json in the folder its
 * vocabulary goes along, filled up to the model's; without, the file has none, which llama-bench takes.
 */
public final class GgufModel {
    private static final int ALIGNMENT = 32;
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** Tokens that are text, and those that are nobody's. */
    private static final int NORMAL = 1;

    private static final int UNUSED = 5;

    private final ByteArrayWriter header = new ByteArrayWriter();
    private final Map<String, TensorView> tensors = new LinkedHashMap<>();
    private int entries;

    private GgufModel() {}

    /**
     * Writes the file.
     *
     * @param args MODEL OUT.gguf
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            System.err.println("usage: gguf-model MODEL OUT.gguf");
            System.exit(2);
        }
        Path folder = Path.of(args[0]);
        try (ModelDirectory directory = ModelDirectory.open(folder);
                SafetensorsFile weights = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            new GgufModel().write(directory.config(), weights, folder.resolve("tokenizer.json"), Path.of(args[1]));
        }
    }

    private void write(ModelConfig config, SafetensorsFile weights, Path tokenizer, Path out) throws IOException {
        metadata(config, tokenizer);
        names(config, weights);
        ByteArrayWriter infos = new ByteArrayWriter();
        long offset = 0;
        for (Map.Entry<String, TensorView> entry : tensors.entrySet()) {
            TensorView tensor = entry.getValue();
            infos.text(entry.getKey()).int32(tensor.shape().size());
            tensor.shape().reversed().forEach(infos::int64);
            infos.int32(type(tensor).number()).int64(offset);
            offset = aligned(offset + bytes(tensor));
        }
        ByteArrayWriter start = new ByteArrayWriter();
        start.raw("GGUF").int32(3).int64(tensors.size()).int64(entries);
        try (OutputStream stream = new BufferedOutputStream(Files.newOutputStream(out), 1 << 20)) {
            long written = put(stream, start.bytes()) + put(stream, header.bytes()) + put(stream, infos.bytes());
            pad(stream, written);
            for (TensorView tensor : tensors.values()) {
                pad(stream, data(stream, tensor));
            }
        }
    }

    private void metadata(ModelConfig config, Path tokenizer) throws IOException {
        text("general.architecture", "llama");
        uint("general.alignment", ALIGNMENT);
        uint("llama.context_length", config.maxPositions());
        uint("llama.embedding_length", config.hiddenSize());
        uint("llama.block_count", config.layers());
        uint("llama.feed_forward_length", config.intermediateSize());
        uint("llama.attention.head_count", config.heads());
        uint("llama.attention.head_count_kv", config.kvHeads());
        uint("llama.rope.dimension_count", config.headSize());
        uint("llama.vocab_size", config.vocabularySize());
        number("llama.rope.freq_base", 500_000);
        number("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        if (Files.exists(tokenizer)) {
            vocabulary(Json.readObject(tokenizer), config.vocabularySize());
        } else {
            text("tokenizer.ggml.model", "none");
        }
    }

    private void vocabulary(JsonObject tokenizer, int size) {
        JsonObject model = tokenizer.object("model").orElseThrow();
        String[] tokens = new String[size];
        for (JsonObject added : tokenizer.objects("added_tokens").orElse(List.of())) {
            if (added.integer("id").orElseThrow() < size) {
                tokens[added.integer("id").orElseThrow()] =
                        added.text("content").orElseThrow();
            }
        }
        model.object("vocab").orElseThrow().asMap().forEach((token, id) -> {
            if (((Number) id).intValue() < size) {
                tokens[((Number) id).intValue()] = token;
            }
        });
        key("tokenizer.ggml.tokens", ARRAY).int32(STRING).int64(size);
        for (int i = 0; i < size; i++) {
            header.text(tokens[i] == null ? "<unused" + i + ">" : tokens[i]);
        }
        key("tokenizer.ggml.token_type", ARRAY).int32(INT32).int64(size);
        for (String token : tokens) {
            header.int32(token == null ? UNUSED : NORMAL);
        }
        List<String> merges = new ArrayList<>();
        for (Object merge : model.list("merges").orElseThrow()) {
            merges.add(merge instanceof List<?> pair ? pair.get(0) + " " + pair.get(1) : merge.toString());
        }
        key("tokenizer.ggml.merges", ARRAY).int32(STRING).int64(merges.size());
        merges.forEach(header::text);
        text("tokenizer.ggml.model", "gpt2");
        text("tokenizer.ggml.pre", "llama-bpe");
        uint("tokenizer.ggml.bos_token_id", 0);
        uint("tokenizer.ggml.eos_token_id", 1);
    }

    private void names(ModelConfig config, SafetensorsFile weights) {
        put("token_embd.weight", weights, "model.embed_tokens.weight");
        Map<String, String> inLayer = new LinkedHashMap<>();
        inLayer.put("attn_norm", "input_layernorm");
        inLayer.put("attn_q", "self_attn.q_proj");
        inLayer.put("attn_k", "self_attn.k_proj");
        inLayer.put("attn_v", "self_attn.v_proj");
        inLayer.put("attn_output", "self_attn.o_proj");
        inLayer.put("ffn_norm", "post_attention_layernorm");
        inLayer.put("ffn_gate", "mlp.gate_proj");
        inLayer.put("ffn_up", "mlp.up_proj");
        inLayer.put("ffn_down", "mlp.down_proj");
        for (int i = 0; i < config.layers(); i++) {
            int layer = i;
            inLayer.forEach((gguf, name) -> put(
                    "blk." + layer + "." + gguf + ".weight",
                    weights,
                    "model.layers." + layer + "." + name + ".weight"));
        }
        put("output_norm.weight", weights, "model.norm.weight");
    }

    private void put(String gguf, SafetensorsFile weights, String name) {
        tensors.put(gguf, weights.tensor(name).orElseThrow());
    }

    /** ggml wants the norms in F32. */
    private static GgufType type(TensorView tensor) {
        return tensor.shape().size() == 1 || tensor.dtype() == DType.F32 ? GgufType.F32 : GgufType.BF16;
    }

    private static long bytes(TensorView tensor) {
        long elements = tensor.shape().stream().reduce(1L, (a, b) -> a * b);
        return elements * (type(tensor) == GgufType.F32 ? Float.BYTES : Short.BYTES);
    }

    private static long data(OutputStream stream, TensorView tensor) throws IOException {
        ByteBuffer in = tensor.data().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        if (type(tensor) == GgufType.F32 && tensor.dtype() == DType.BF16) {
            ByteBuffer wide = ByteBuffer.allocate(2 * in.remaining()).order(ByteOrder.LITTLE_ENDIAN);
            while (in.hasRemaining()) {
                wide.putInt(in.getShort() << 16);
            }
            return put(stream, wide.array());
        }
        byte[] chunk = new byte[1 << 20];
        long written = 0;
        while (in.hasRemaining()) {
            int length = Math.min(chunk.length, in.remaining());
            in.get(chunk, 0, length);
            stream.write(chunk, 0, length);
            written += length;
        }
        return written;
    }

    private static long put(OutputStream stream, byte[] bytes) throws IOException {
        stream.write(bytes);
        return bytes.length;
    }

    private static void pad(OutputStream stream, long written) throws IOException {
        stream.write(new byte[(int) (aligned(written) - written)]);
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private ByteArrayWriter key(String name, int type) {
        entries++;
        return header.text(name).int32(type);
    }

    private void text(String name, String value) {
        key(name, STRING).text(value);
    }

    private void uint(String name, int value) {
        key(name, UINT32).int32(value);
    }

    private void number(String name, float value) {
        key(name, FLOAT32).int32(Float.floatToRawIntBits(value));
    }

    /** Little-endian numbers and texts one behind the other. */
    private static final class ByteArrayWriter {
        private ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

        private ByteBuffer room(int bytes) {
            if (buffer.remaining() < bytes) {
                ByteBuffer larger =
                        ByteBuffer.allocate(2 * (buffer.capacity() + bytes)).order(ByteOrder.LITTLE_ENDIAN);
                buffer = larger.put(buffer.flip());
            }
            return buffer;
        }

        ByteArrayWriter int32(int value) {
            room(Integer.BYTES).putInt(value);
            return this;
        }

        ByteArrayWriter int64(long value) {
            room(Long.BYTES).putLong(value);
            return this;
        }

        ByteArrayWriter raw(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            room(utf8.length).put(utf8);
            return this;
        }

        ByteArrayWriter text(String text) {
            int64(text.getBytes(StandardCharsets.UTF_8).length);
            return raw(text);
        }

        byte[] bytes() {
            byte[] bytes = new byte[buffer.position()];
            buffer.get(0, bytes);
            return bytes;
        }
    }
}
