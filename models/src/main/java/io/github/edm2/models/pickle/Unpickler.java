package io.github.edm2.models.pickle;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Runs the opcodes of one pickle, protocol 2 to 5, and gives its data: None as null, numbers as
 * Long, BigInteger and Double, text as String, bytes as {@link FileSlice} (unread), lists and sets
 * as ArrayList, tuples as unmodifiable List, dictionaries as LinkedHashMap, classes as {@link
 * PickledClass}, objects as {@link PickledObject} or what {@link AllowedCalls} makes of them.
 *
 * <p>No library, because none can be held to the file's own size: the Java readers of pickles
 * allocate whatever length an opcode claims, copy tensors to the heap, and look constructors up in
 * a table that any code of the process can extend. Here time and memory are proportional to the
 * file: every opcode consumes a byte, lengths are compared with what is left, nothing recurses, and
 * the number of opcodes and what single calls copy is limited by a {@link Budget}.
 */
final class Unpickler {

    private static final int NEWEST_PROTOCOL = 5;
    private static final int LONGEST_INTEGER = 255;
    private static final int LONGEST_CLASS = 1 << 10;

    private final PickleCursor in;
    private final AllowedCalls calls;
    private final Function<Object, Object> persistent;

    private final Map<Long, Object> memo = new HashMap<>();
    private final Deque<List<Object>> marked = new ArrayDeque<>();
    private List<Object> stack = new ArrayList<>();

    /**
     * @param in at the pickle's first byte
     * @param calls what the pickle may call
     * @param persistent gives the object of an identifier that the pickle leaves to its container
     */
    Unpickler(PickleCursor in, AllowedCalls calls, Function<Object, Object> persistent) {
        this.in = in;
        this.calls = calls;
        this.persistent = persistent;
    }

    /** For pickles that stand alone. */
    Unpickler(PickleCursor in, AllowedCalls calls) {
        this(
                in,
                calls,
                id -> {
                    throw new PickleException(
                            "is a part of an archive, taken out of it; give the whole archive");
                });
    }

    /**
     * Reads up to the end of the pickle.
     *
     * @throws PickleException if it is damaged or calls what is not allowed
     */
    Object load() {
        if (in.unsignedByte() != 0x80) {
            throw new PickleException("is not a pickle of protocol 2 or newer");
        }
        protocol();
        while (true) {
            calls.budget().opcode();
            int opcode = in.unsignedByte();
            if (opcode == '.') {
                Object result = pop();
                if (!stack.isEmpty() || !marked.isEmpty()) {
                    throw damaged("it ends with unfinished objects");
                }
                return result;
            }
            execute(opcode);
        }
    }

    private void protocol() {
        int protocol = in.unsignedByte();
        if (protocol < 2 || protocol > NEWEST_PROTOCOL) {
            throw new PickleException(
                    "is a pickle of protocol %d; 2 to 5 can be read".formatted(protocol));
        }
    }

    private void execute(int opcode) {
        switch (opcode) {
            case 0x80 -> protocol();
            case 0x95 -> in.signedLong(); // FRAME; its length only helps to read ahead
            case '(' -> mark();
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());

            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.signedInt());
            case 'K' -> push((long) in.unsignedByte());
            case 'M' -> push((long) in.unsignedShort());
            case 0x8a -> push(integer(in.skip(in.unsignedByte())));
            case 0x8b -> push(integer(in.skip(in.unsignedInt())));
            case 'G' -> push(in.bigEndianDouble());

            case 0x8c -> push(in.utf8(in.unsignedByte()));
            case 'X' -> push(in.utf8(in.unsignedInt()));
            case 0x8d -> push(in.utf8(in.signedLong()));
            case 'C', 'U' -> push(in.skip(in.unsignedByte()));
            case 'B', 'T' -> push(in.skip(in.unsignedInt()));
            case 0x8e, 0x96 -> push(in.skip(in.signedLong()));

            case ')' -> push(List.of());
            case 't' -> push(tuple(popToMark()));
            case 0x85 -> pushTupleOf(1);
            case 0x86 -> pushTupleOf(2);
            case 0x87 -> pushTupleOf(3);
            case ']', 0x8f -> push(new ArrayList<>());
            case 'l', 0x91 -> push(popToMark());
            case 'a' -> append(Collections.singletonList(pop()));
            case 'e', 0x90 -> append(popToMark());
            case '}' -> push(new LinkedHashMap<>());
            case 'd' -> pushDictionary(popToMark());
            case 's' -> setItem();
            case 'u' -> setItems(popToMark());

            case 'q' -> memo.put((long) in.unsignedByte(), top());
            case 'r' -> memo.put(in.unsignedInt(), top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> push(remembered(in.unsignedByte()));
            case 'j' -> push(remembered(in.unsignedInt()));

            case 'c' -> push(new PickledClass(in.line(), in.line()));
            case 0x93 -> pushNamedClass();
            case 'R' -> reduce();
            case 0x81 -> makeObject(false);
            case 0x92 -> makeObject(true);
            case 'b' -> build();
            case 'Q' -> push(persistent.apply(pop()));
            default ->
                    throw damaged(
                            "opcode 0x%02x at byte %d is not one of protocol 2 to 5 or needs code to be run"
                                    .formatted(opcode, in.position() - 1));
        }
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() {
        requireOperands(1);
        return stack.remove(stack.size() - 1);
    }

    private Object top() {
        requireOperands(1);
        return stack.get(stack.size() - 1);
    }

    private <T> T pop(Class<T> type) {
        Object value = pop();
        if (!type.isInstance(value)) {
            throw unexpected(value);
        }
        return type.cast(value);
    }

    private void requireOperands(int count) {
        if (stack.size() < count) {
            throw damaged("an operand is missing before byte " + in.position());
        }
    }

    private void mark() {
        marked.push(stack);
        stack = new ArrayList<>();
    }

    private List<Object> popToMark() {
        if (marked.isEmpty()) {
            throw damaged("a mark is missing before byte " + in.position());
        }
        List<Object> since = stack;
        stack = marked.pop();
        return since;
    }

    private static List<Object> tuple(List<Object> elements) {
        return Collections.unmodifiableList(elements);
    }

    private void pushTupleOf(int size) {
        requireOperands(size);
        List<Object> last = stack.subList(stack.size() - size, stack.size());
        List<Object> elements = new ArrayList<>(last);
        last.clear();
        push(tuple(elements));
    }

    private static Object integer(FileSlice slice) {
        if (slice.length() == 0) {
            return 0L;
        }
        if (slice.length() > LONGEST_INTEGER) {
            throw damaged("an integer of %d bytes".formatted(slice.length()));
        }
        byte[] littleEndian = slice.bytes();
        byte[] bigEndian = new byte[littleEndian.length];
        for (int i = 0; i < bigEndian.length; i++) {
            bigEndian[i] = littleEndian[bigEndian.length - 1 - i];
        }
        BigInteger value = new BigInteger(bigEndian);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private void append(List<Object> elements) {
        Object target = top();
        if (target instanceof ArrayList<?>) {
            @SuppressWarnings("unchecked") // only this class makes such lists, and of anything
            List<Object> list = (List<Object>) target;
            list.addAll(elements);
        } else if (target instanceof PickledObject object) {
            object.elements().addAll(elements);
        } else {
            throw unexpected(target);
        }
    }

    private void pushDictionary(List<Object> keysAndValues) {
        push(new LinkedHashMap<>());
        setItems(keysAndValues);
    }

    private void setItem() {
        requireOperands(2);
        List<Object> last = stack.subList(stack.size() - 2, stack.size());
        List<Object> pair = new ArrayList<>(last);
        last.clear();
        setItems(pair);
    }

    private void setItems(List<Object> keysAndValues) {
        if (keysAndValues.size() % 2 != 0) {
            throw damaged("a key has no value before byte " + in.position());
        }
        Map<Object, Object> target = dictionary(top());
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            target.put(AllowedCalls.key(keysAndValues.get(i)), keysAndValues.get(i + 1));
        }
    }

    private Map<Object, Object> dictionary(Object target) {
        if (target instanceof LinkedHashMap<?, ?>) {
            @SuppressWarnings("unchecked") // only this class makes such maps, and of anything
            Map<Object, Object> map = (Map<Object, Object>) target;
            return map;
        }
        if (target instanceof PickledObject object) {
            return object.items();
        }
        throw unexpected(target);
    }

    private Object remembered(long index) {
        Object value = memo.get(index);
        if (value == null && !memo.containsKey(index)) {
            throw damaged(
                    "object %d is used before byte %d but not there"
                            .formatted(index, in.position()));
        }
        return value;
    }

    private void pushNamedClass() {
        String name = pop(String.class);
        String module = pop(String.class);
        if (Math.max(name.length(), module.length()) > LONGEST_CLASS) {
            throw damaged("the name of a class before byte " + in.position());
        }
        push(new PickledClass(module, name));
    }

    private void reduce() {
        List<?> arguments = pop(List.class);
        push(calls.call(pop(PickledClass.class), arguments));
    }

    private void makeObject(boolean keywords) {
        if (keywords) {
            pop(Map.class); // constructor keywords; the objects that matter have none
        }
        List<?> arguments = pop(List.class);
        push(new PickledObject(pop(PickledClass.class), arguments));
    }

    private void build() {
        Object state = pop();
        if (top() instanceof NumpyArray array) {
            array.setState(state);
        } else if (top() instanceof PickledObject object) {
            object.setState(state);
        } else if (!(top() instanceof Map<?, ?>)) { // whose attributes beside its entries are few
            throw unexpected(top());
        }
    }

    private PickleException unexpected(Object value) {
        return damaged(
                "an operand before byte %d is %s".formatted(in.position(), PythonType.of(value)));
    }

    private static PickleException damaged(String how) {
        return new PickleException("is damaged: " + how);
    }
}
