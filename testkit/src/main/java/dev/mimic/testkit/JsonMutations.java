package dev.mimic.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Edits that know JSON: wild numbers, names dropped, doubled and renamed, kinds exchanged, deep nesting, huge texts,
 * bytes that are not UTF-8. Works on bytes, so that a text that is broken already can be edited further.
 */
public final class JsonMutations {
    private static final List<String> WILD_NUMBERS = List.of(
            "0",
            "-0",
            "1",
            "-1",
            "2",
            "3",
            "0.5",
            "-0.5",
            "1.0",
            "1e3",
            "1E400",
            "-1E400",
            "1e-400",
            "2147483647",
            "2147483648",
            "-2147483649",
            "4294967296",
            "9007199254740993",
            "4611686018427387904",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1".repeat(40),
            "1".repeat(2000),
            "01",
            "+1",
            "NaN",
            "Infinity",
            "0x10",
            "1e",
            ".5");

    private static final List<String> OTHER_KINDS = List.of(
            "null",
            "true",
            "false",
            "\"\"",
            "\"x\"",
            "[]",
            "{}",
            "[[]]",
            "{\"a\":1}",
            "[null]",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"../../etc/passwd\"",
            "\"/\"",
            "nul",
            "'x'",
            "\"\\x\"",
            "");

    private JsonMutations() {}

    /** One edit of a JSON text. */
    public static byte[] any(byte[] input, RandomGenerator random) {
        List<Span> spans = spans(input);
        List<Span> values = spans.stream().filter(s -> !s.key()).toList();
        List<Span> keys = spans.stream().filter(Span::key).toList();
        if (values.isEmpty()) {
            return ByteMutations.any(input, random);
        }
        Span value = values.get(random.nextInt(values.size()));
        Span other = values.get(random.nextInt(values.size()));
        return switch (random.nextInt(14)) {
            case 0, 1, 2 -> replace(input, numberOr(value, values, random), pick(WILD_NUMBERS, random));
            case 3 -> replace(input, value, pick(OTHER_KINDS, random));
            case 4 -> replace(input, value, other.text(input)); // one value in the place of another
            case 5 -> replace(input, value, nested(random, value.text(input)));
            case 6 -> replace(input, value, "\"" + "ä€😀x".repeat(1 + random.nextInt(20_000)) + "\"");
            case 7 -> ByteMutations.insert(input, insideOf(value, random), notUtf8(random));
            case 8 -> keys.isEmpty() ? input : dropMember(input, keys.get(random.nextInt(keys.size())), spans);
            case 9, 10 -> keys.isEmpty() ? input : doubleMember(input, pickSpan(keys, random), spans, random);
            case 11 -> keys.isEmpty() ? input : replace(input, pickSpan(keys, random), "\"\"");
            case 12 ->
                keys.isEmpty()
                        ? input
                        : replace(
                                input,
                                pickSpan(keys, random),
                                pickSpan(keys, random).text(input));
            default -> replace(input, value, changedText(value.text(input), random));
        };
    }

    /**
     * Edits of JSON that stands behind its length in bytes (64 bits, little-endian), with other bytes after it, as in
     * safetensors: mostly the length is put right again, sometimes it or the bytes behind are edited instead.
     */
    public static byte[] behindLength(byte[] input, RandomGenerator random) {
        if (input.length < 8) {
            return ByteMutations.any(input, random);
        }
        long length = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 0 || length > input.length - 8 || random.nextInt(12) == 0) {
            return ByteMutations.wildInteger(input, 0, random);
        }
        byte[] json = Arrays.copyOfRange(input, 8, 8 + (int) length);
        byte[] rest = Arrays.copyOfRange(input, 8 + (int) length, input.length);
        boolean behind = random.nextInt(12) == 0;
        byte[] edited = behind ? json : any(json, random);
        rest = behind ? ByteMutations.any(rest, random) : rest;
        ByteBuffer whole = ByteBuffer.allocate(8 + edited.length + rest.length).order(ByteOrder.LITTLE_ENDIAN);
        return whole.putLong(edited.length).put(edited).put(rest).array();
    }

    /** A scalar, list, object or name, from its first byte to the one after its last. */
    private record Span(int start, int end, boolean key, boolean number) {
        String text(byte[] input) {
            return new String(input, start, end - start, StandardCharsets.UTF_8);
        }
    }

    /** The values and names of a text, as far as they can be told. */
    private static List<Span> spans(byte[] input) {
        List<Span> spans = new ArrayList<>();
        List<Integer> open = new ArrayList<>();
        int i = 0;
        while (i < input.length) {
            int start = i;
            switch (input[i]) {
                case '{', '[' -> {
                    open.add(i);
                    i++;
                }
                case '}', ']' -> {
                    i++;
                    if (!open.isEmpty()) {
                        spans.add(new Span(open.removeLast(), i, false, false));
                    }
                }
                case '"' -> {
                    i = endOfText(input, i);
                    spans.add(new Span(start, i, isKey(input, i), false));
                }
                case ' ', '\t', '\n', '\r', ',', ':' -> i++;
                default -> {
                    while (i < input.length && " \t\n\r,:{}[]\"".indexOf(input[i]) < 0) {
                        i++;
                    }
                    spans.add(new Span(start, i, false, input[start] == '-' || Character.isDigit(input[start])));
                }
            }
        }
        return spans;
    }

    private static int endOfText(byte[] input, int start) {
        int i = start + 1;
        while (i < input.length && input[i] != '"') {
            i += input[i] == '\\' ? 2 : 1;
        }
        return Math.min(i + 1, input.length);
    }

    private static boolean isKey(byte[] input, int end) {
        int i = end;
        while (i < input.length && " \t\n\r".indexOf(input[i]) >= 0) {
            i++;
        }
        return i < input.length && input[i] == ':';
    }

    private static Span numberOr(Span value, List<Span> values, RandomGenerator random) {
        List<Span> numbers = values.stream().filter(Span::number).toList();
        return numbers.isEmpty() ? value : pickSpan(numbers, random);
    }

    private static String changedText(String text, RandomGenerator random) {
        if (!text.isEmpty() && Character.isDigit(text.charAt(0)) && text.length() < 18) {
            return text + random.nextInt(10); // a number grows by a digit
        }
        int at = random.nextInt(text.length() + 1);
        return text.substring(0, at) + (char) random.nextInt(32, 127) + text.substring(at);
    }

    private static String nested(RandomGenerator random, String text) {
        int depth = 1 << random.nextInt(18);
        return random.nextBoolean()
                ? "[".repeat(depth) + text + "]".repeat(depth)
                : "{\"a\":".repeat(depth) + text + "}".repeat(depth);
    }

    private static byte[] notUtf8(RandomGenerator random) {
        byte[][] wrong = {
            {(byte) 0xff},
            {(byte) 0xc0, (byte) 0x80},
            {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
            {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
            {(byte) 0xe2, (byte) 0x82},
            {0}
        };
        return wrong[random.nextInt(wrong.length)];
    }

    private static byte[] dropMember(byte[] input, Span key, List<Span> spans) {
        int end = endOfMember(key, spans, input.length);
        while (end < input.length && (input[end] == ' ' || input[end] == ',')) {
            end++; // the comma behind goes too; the last member leaves one that is wrong
        }
        return ByteMutations.delete(input, key.start(), end - key.start());
    }

    /** The member once more behind itself, with a comma; half of the time under another name. */
    private static byte[] doubleMember(byte[] input, Span key, List<Span> spans, RandomGenerator random) {
        int end = endOfMember(key, spans, input.length);
        int from = random.nextBoolean() ? key.start() : key.end();
        byte[] copy = Arrays.copyOfRange(input, from, end);
        byte[] name = from == key.start() ? new byte[0] : "\"again\"".getBytes(StandardCharsets.UTF_8);
        byte[] member = ByteMutations.insert(name, name.length, copy);
        return ByteMutations.insert(input, end, ByteMutations.insert(member, 0, new byte[] {','}));
    }

    /** The end of the value that follows a name: of all that begin next, the longest. */
    private static int endOfMember(Span key, List<Span> spans, int length) {
        int next = length;
        int end = key.end();
        for (Span span : spans) {
            if (span.start() >= key.end() && (span.start() < next || (span.start() == next && span.end() > end))) {
                next = span.start();
                end = span.end();
            }
        }
        return end;
    }

    private static int insideOf(Span span, RandomGenerator random) {
        return span.start() + random.nextInt(span.end() - span.start() + 1);
    }

    private static byte[] replace(byte[] input, Span span, String by) {
        byte[] without = ByteMutations.delete(input, span.start(), span.end() - span.start());
        return ByteMutations.insert(without, span.start(), by.getBytes(StandardCharsets.UTF_8));
    }

    private static String pick(List<String> list, RandomGenerator random) {
        return list.get(random.nextInt(list.size()));
    }

    private static Span pickSpan(List<Span> list, RandomGenerator random) {
        return list.get(random.nextInt(list.size()));
    }
}
