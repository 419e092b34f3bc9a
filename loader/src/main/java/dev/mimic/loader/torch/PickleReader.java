package dev.mimic.loader.torch;

import dev.mimic.loader.InvalidModelException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * Reads the part of Python's pickle format (protocols 2 to 4) that torch.save uses for dictionaries of tensors. Nothing
 * is imported or called: a fixed set of names is known, everything else is refused by name.
 *
 * <p>Values are {@code Map}, {@code List}, {@link String}, {@link Long}, {@link Double}, {@link Boolean}, null,
 * {@link Storage} and {@link StoredTensor}.
 */
final class PickleReader {
    /** A name that a pickle would import. */
    private record Global(String name) {}

    /**
     * The bytes that tensors share.
     *
     * @param type such as {@code torch.FloatStorage}
     * @param key the entry {@code data/KEY} of the archive
     * @param elements number of elements
     */
    record Storage(String type, String key, long elements) {}

    /**
     * A tensor as a view of a storage.
     *
     * @param offset first element in the storage
     * @param shape dimensions
     * @param strides elements between neighbours of each dimension
     */
    record StoredTensor(Storage storage, long offset, List<Long> shape, List<Long> strides) {}

    private static final Object MARK = new Object();
    private static final int MAX_ITEMS = 1_000_000;

    private final String file;
    private final ByteBuffer in;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private int items;

    private PickleReader(String file, byte[] pickle) {
        this.file = file;
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads one pickle.
     *
     * @param file name for messages
     * @throws InvalidModelException if it is broken or holds anything but plain values and tensors
     */
    static Object read(String file, byte[] pickle) {
        PickleReader reader = new PickleReader(file, pickle);
        try {
            while (true) {
                int opcode = reader.in.get() & 0xFF;
                if (opcode == '.') {
                    return reader.pop();
                }
                reader.run(opcode);
            }
        } catch (BufferUnderflowException e) {
            throw new InvalidModelException(file, "pickle: ends in the middle");
        } catch (ClassCastException
                | NullPointerException
                | NoSuchElementException
                | UnsupportedOperationException
                | IndexOutOfBoundsException
                | IllegalArgumentException e) {
            throw new InvalidModelException(
                    file, "pickle: byte " + reader.in.position() + ": an operation has the wrong arguments");
        }
    }

    private void run(int opcode) {
        switch (opcode) {
            case 0x80 -> in.get(); // PROTO
            case 0x95 -> in.getLong(); // FRAME
            case '(' -> push(MARK);
            case ')' -> push(List.of());
            case ']' -> push(new ArrayList<>());
            case '}' -> push(new LinkedHashMap<>());
            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'K' -> push((long) (in.get() & 0xFF));
            case 'M' -> push((long) (in.getShort() & 0xFFFF));
            case 'J' -> push((long) in.getInt());
            case 0x8A -> push(longOf(in.get() & 0xFF));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
            case 'X' -> push(text(in.getInt()));
            case 0x8C -> push(text(in.get() & 0xFF));
            case 'q' -> memo.put(in.get() & 0xFF, top());
            case 'r' -> memo.put(in.getInt(), top());
            case 0x94 -> memo.put(memo.size(), top());
            case 'h' -> push(memo.get(in.get() & 0xFF));
            case 'j' -> push(memo.get(in.getInt()));
            case 'c' -> push(global(line(), line()));
            case 0x93 -> {
                String name = (String) pop();
                push(global((String) pop(), name));
            }
            case 0x85 -> tuple(1);
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 't' -> push(Collections.unmodifiableList(toMark()));
            case 's' -> putAll(2);
            case 'u' -> putAll(-1);
            case 'a' -> append(List.of(pop()));
            case 'e' -> append(toMark());
            case 'Q' -> push(storage((List<?>) pop()));
            case 'R' -> {
                List<?> arguments = (List<?>) pop();
                push(call((Global) pop(), arguments));
            }
            case 'b' -> build(pop());
            default ->
                throw new InvalidModelException(
                        file, String.format("pickle: operation 0x%02x is not one of those that tensors need", opcode));
        }
    }

    private Global global(String module, String name) {
        String whole = module + "." + name;
        boolean known = whole.equals("collections.OrderedDict")
                || whole.equals("torch._utils._rebuild_tensor_v2")
                || whole.equals("torch._utils._rebuild_parameter")
                || (module.equals("torch") && name.endsWith("Storage"));
        if (!known) {
            throw new InvalidModelException(file, "pickle: refers to " + whole + ", expected tensors only");
        }
        return new Global(whole);
    }

    private Object call(Global function, List<?> arguments) {
        return switch (function.name()) {
            case "collections.OrderedDict" -> {
                if (!arguments.isEmpty()) {
                    throw new InvalidModelException(file, "pickle: an OrderedDict with arguments, expected none");
                }
                yield new LinkedHashMap<>();
            }
            case "torch._utils._rebuild_tensor_v2" ->
                new StoredTensor(
                        (Storage) arguments.get(0),
                        (Long) arguments.get(1),
                        longs(arguments.get(2)),
                        longs(arguments.get(3)));
            case "torch._utils._rebuild_parameter" -> arguments.getFirst();
            default ->
                throw new InvalidModelException(file, "pickle: calls " + function.name() + ", expected tensors only");
        };
    }

    private static List<Long> longs(Object list) {
        return ((List<?>) list).stream().map(Long.class::cast).toList();
    }

    private Storage storage(List<?> id) {
        if (!"storage".equals(id.get(0))) {
            throw new InvalidModelException(file, "pickle: a persistent id that is no 'storage'");
        }
        return new Storage(((Global) id.get(1)).name(), (String) id.get(2), (Long) id.get(4));
    }

    /** Attributes of an object: torch hangs _metadata on state dictionaries, which says nothing about numbers. */
    private void build(Object state) {
        if (!(top() instanceof Map) || !(state instanceof Map)) {
            throw new InvalidModelException(file, "pickle: an object with a state of its own, expected tensors only");
        }
    }

    private void putAll(int count) {
        List<Object> pairs = count > 0 ? last(count) : toMark();
        @SuppressWarnings("unchecked") // a dictionary of this reader takes any key
        Map<Object, Object> map = (Map<Object, Object>) top();
        if (pairs.size() % 2 != 0) {
            throw new InvalidModelException(file, "pickle: a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            if (!(pairs.get(i) instanceof String)) { // others may hold themselves, which no hash survives
                throw new InvalidModelException(file, "pickle: a key of a dictionary is no text");
            }
            map.put(pairs.get(i), pairs.get(i + 1));
        }
    }

    private void append(List<Object> values) {
        @SuppressWarnings("unchecked") // a list of this reader takes any value
        List<Object> list = (List<Object>) top();
        list.addAll(values);
    }

    private void tuple(int count) {
        push(Collections.unmodifiableList(last(count)));
    }

    private List<Object> last(int count) {
        List<Object> tail = stack.subList(stack.size() - count, stack.size());
        List<Object> copy = new ArrayList<>(tail);
        tail.clear();
        return copy;
    }

    private List<Object> toMark() {
        int mark = stack.lastIndexOf(MARK);
        List<Object> copy = new ArrayList<>(stack.subList(mark + 1, stack.size()));
        stack.subList(mark, stack.size()).clear();
        return copy;
    }

    private void push(Object value) {
        if (++items > MAX_ITEMS) {
            throw new InvalidModelException(file, "pickle: more than " + MAX_ITEMS + " values");
        }
        stack.add(value);
    }

    private Object pop() {
        return stack.removeLast();
    }

    private Object top() {
        return stack.getLast();
    }

    private Long longOf(int bytes) {
        if (bytes > 8) {
            throw new InvalidModelException(file, "pickle: an integer of " + bytes + " bytes, expected at most 8");
        }
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (in.get() & 0xFFL) << (8 * i);
        }
        int unused = 64 - 8 * bytes;
        return bytes == 0 ? 0L : value << unused >> unused;
    }

    private String text(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new InvalidModelException(
                    file, "pickle: a text of " + length + " bytes, " + in.remaining() + " bytes are left");
        }
        byte[] utf8 = new byte[length];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private String line() {
        int begin = in.position();
        while (in.get() != '\n') {
            // to the end of the line
        }
        return new String(in.array(), begin, in.position() - begin - 1, StandardCharsets.UTF_8);
    }
}
