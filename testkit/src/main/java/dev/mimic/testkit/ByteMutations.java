package dev.mimic.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Edits that know nothing of the format: bits, runs of bytes, lengths, and integers set to wild values. */
public final class ByteMutations {
    private static final long[] WILD = {
        0,
        1,
        -1,
        2,
        7,
        0x7f,
        0x80,
        0xff,
        0xffff,
        0x7fffffffL,
        0x80000000L,
        0xffffffffL,
        0x100000000L,
        100_000_000L,
        100_000_001L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MAX_VALUE - 7,
        1L << 40,
        1L << 61
    };

    private ByteMutations() {}

    /** One edit at a random place. */
    public static byte[] any(byte[] input, RandomGenerator random) {
        if (input.length == 0) {
            return insert(input, 0, randomBytes(random, 16));
        }
        int at = random.nextInt(input.length);
        return switch (random.nextInt(10)) {
            case 0, 1 -> flipBit(input, random);
            case 2 -> with(input, at, (byte) random.nextInt());
            case 3 -> Arrays.copyOf(input, at); // cut
            case 4 -> insert(input, input.length, randomBytes(random, 16)); // more at the end
            case 5 -> insert(input, at, randomBytes(random, 8));
            case 6 -> delete(input, at, 1 + random.nextInt(Math.min(16, input.length - at)));
            case 7 -> repeat(input, at, 1 + random.nextInt(Math.min(64, input.length - at)));
            case 8 -> wildInteger(input, at, random);
            default -> wildInteger(input, at / 8 * 8, random);
        };
    }

    /** Edits as {@link #any}, and splices: the head of the input with the tail of another seed. */
    public static Mutator withSplices(List<byte[]> seeds) {
        return (input, random) -> {
            if (random.nextInt(10) > 0) {
                return any(input, random);
            }
            byte[] other = seeds.get(random.nextInt(seeds.size()));
            byte[] head = Arrays.copyOf(input, random.nextInt(input.length + 1));
            int from = random.nextInt(other.length + 1);
            return insert(head, head.length, Arrays.copyOfRange(other, from, other.length));
        };
    }

    /**
     * Sets a little-endian integer of 32 or 64 bits, as far as it fits, to a value that sizes and counts must not have.
     *
     * @param at its first byte
     */
    public static byte[] wildInteger(byte[] input, int at, RandomGenerator random) {
        ByteBuffer value = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        value.putLong(0, WILD[random.nextInt(WILD.length)] + (random.nextInt(4) == 0 ? random.nextInt(-3, 4) : 0));
        byte[] copy = input.clone();
        System.arraycopy(value.array(), 0, copy, at, Math.min(random.nextBoolean() ? 4 : 8, copy.length - at));
        return copy;
    }

    /** The input with some bytes put in before position {@code at}. */
    public static byte[] insert(byte[] input, int at, byte[] more) {
        byte[] result = Arrays.copyOf(input, input.length + more.length);
        System.arraycopy(input, at, result, at + more.length, input.length - at);
        System.arraycopy(more, 0, result, at, more.length);
        return result;
    }

    /** The input without {@code length} bytes from {@code at} on. */
    public static byte[] delete(byte[] input, int at, int length) {
        byte[] result = Arrays.copyOf(input, input.length - length);
        System.arraycopy(input, at + length, result, at, input.length - at - length);
        return result;
    }

    private static byte[] repeat(byte[] input, int at, int length) {
        return insert(input, at, Arrays.copyOfRange(input, at, at + length));
    }

    private static byte[] flipBit(byte[] input, RandomGenerator random) {
        int at = random.nextInt(input.length);
        return with(input, at, (byte) (input[at] ^ 1 << random.nextInt(8)));
    }

    private static byte[] with(byte[] input, int at, byte value) {
        byte[] copy = input.clone();
        copy[at] = value;
        return copy;
    }

    private static byte[] randomBytes(RandomGenerator random, int most) {
        byte[] bytes = new byte[1 + random.nextInt(most)];
        random.nextBytes(bytes);
        return bytes;
    }
}
