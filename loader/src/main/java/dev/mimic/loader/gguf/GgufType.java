package dev.mimic.loader.gguf;

import java.util.Map;
import java.util.Optional;

/**
 * Element types of GGUF tensors that can be read. A row is a whole number of blocks; a block holds {@link #blockSize()}
 * elements in {@link #blockBytes()} bytes. Layouts: ggml, {@code ggml-common.h}.
 */
public enum GgufType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    BF16(30, 1, 2);

    /** Names of the numbers that ggml knows and this reader refuses. */
    private static final Map<Long, String> REFUSED = Map.ofEntries(
            Map.entry(4L, "Q4_2"),
            Map.entry(5L, "Q4_3"),
            Map.entry(9L, "Q8_1"),
            Map.entry(15L, "Q8_K"),
            Map.entry(16L, "IQ2_XXS"),
            Map.entry(17L, "IQ2_XS"),
            Map.entry(18L, "IQ3_XXS"),
            Map.entry(19L, "IQ1_S"),
            Map.entry(20L, "IQ4_NL"),
            Map.entry(21L, "IQ3_S"),
            Map.entry(22L, "IQ2_S"),
            Map.entry(23L, "IQ4_XS"),
            Map.entry(24L, "I8"),
            Map.entry(25L, "I16"),
            Map.entry(26L, "I32"),
            Map.entry(27L, "I64"),
            Map.entry(28L, "F64"),
            Map.entry(29L, "IQ1_M"),
            Map.entry(34L, "TQ1_0"),
            Map.entry(35L, "TQ2_0"),
            Map.entry(39L, "MXFP4"));

    private final int number;
    private final int blockSize;
    private final int blockBytes;

    GgufType(int number, int blockSize, int blockBytes) {
        this.number = number;
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /** The number that stands for this type in a file. */
    public int number() {
        return number;
    }

    /** Elements of one block. */
    public int blockSize() {
        return blockSize;
    }

    /** Bytes of one block. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Whether elements are rounded to a grid of their block, so that only F32 holds their values exactly. */
    public boolean isQuantized() {
        return blockSize > 1;
    }

    /** The type of that number. */
    static Optional<GgufType> of(long number) {
        for (GgufType type : values()) {
            if (type.number == number) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** What a number is called, for messages: {@code type IQ4_XS (23)} or {@code type 99}. */
    static String describe(long number) {
        String name = of(number).map(Enum::name).orElse(REFUSED.get(number));
        return name == null ? "type " + Long.toUnsignedString(number) : "type " + name + " (" + number + ")";
    }
}
