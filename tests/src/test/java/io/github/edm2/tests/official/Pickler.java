package io.github.edm2.tests.official;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Writes values as a Python pickle of protocol 2 to 5. Null, Boolean, Integer, Long, BigInteger,
 * Double, String, List and Map stand for Python's None, bool, int, float, str, list and dict; the
 * types declared here for what else a pickle may hold. Equal strings and equal globals are written
 * once, other objects once for each instance.
 */
public final class Pickler {

    private static final int FRAME = 1 << 16;
    private static final int BATCH = 1000;

    /** A function or class. */
    public record Global(String module, String name) {}

    /** A tuple. */
    public record Tuple(List<?> items) {
        public static Tuple of(Object... items) {
            return new Tuple(Arrays.asList(items));
        }
    }

    /** What a function returns, with items set and a state given to it unless null. */
    public record Call(Global function, Tuple arguments, Map<?, ?> items, Object state) {
        public Call(Global function, Object... arguments) {
            this(function, Tuple.of(arguments), Map.of(), null);
        }
    }

    /** A new object of a class, with items set and a state given to it unless null. */
    public record NewObject(Global type, Map<?, ?> items, Object state) {}

    /** What the reader knows by this identity. */
    public record PersistentId(Tuple id) {}

    /** The empty set. */
    public record EmptySet() {}

    /** A bytes object. */
    public record Binary(long length, Content content) {
        public Binary(byte[] bytes) {
            this(bytes.length, out -> out.accept(ByteBuffer.wrap(bytes)));
        }
    }

    private record Latin1(Binary bytes) {}

    /** Gives the bytes, piece by piece; may be asked for them more than once. */
    public interface Content {
        void writeTo(Sink out) throws IOException;
    }

    /** Takes all bytes between position and limit. */
    public interface Sink {
        void accept(ByteBuffer bytes) throws IOException;
    }

    private final int protocol;
    private final Sink out;
    private final UnaryOperator<Object> reducer;
    private final ByteArrayOutputStream frame = new ByteArrayOutputStream();
    private final Map<Object, Integer> byValue = new HashMap<>();
    private final Map<Object, Integer> byInstance = new IdentityHashMap<>();
    private int memoized;

    /**
     * @param reducer gives a value of the types above for one of any other type
     */
    Pickler(int protocol, Sink out, UnaryOperator<Object> reducer) {
        if (protocol < 2 || protocol > 5) {
            throw new IllegalArgumentException("protocol must be 2, 3, 4 or 5, got " + protocol);
        }
        this.protocol = protocol;
        this.out = out;
        this.reducer = reducer;
    }

    /** The pickle of a value that needs no reducer. */
    public static byte[] dump(int protocol, Object value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        UnaryOperator<Object> none =
                unknown -> {
                    throw new IllegalArgumentException("cannot pickle " + unknown.getClass());
                };
        try {
            new Pickler(protocol, piece -> copy(piece, bytes), none).dump(value);
        } catch (IOException e) {
            throw new IllegalStateException("in memory", e);
        }
        return bytes.toByteArray();
    }

    /** Writes one value, from the protocol's number to the stop sign. */
    void dump(Object value) throws IOException {
        out.accept(ByteBuffer.wrap(new byte[] {(byte) 0x80, (byte) protocol}));
        save(value);
        opcode('.');
        flush();
    }

    private void save(Object value) throws IOException {
        if (frame.size() >= FRAME) {
            flush();
        }
        if (value == null) {
            opcode('N');
        } else if (value instanceof Boolean flag) {
            opcode(flag ? 0x88 : 0x89);
        } else if (value instanceof Integer || value instanceof Long) {
            integer(((Number) value).longValue());
        } else if (value instanceof BigInteger integer) {
            bigInteger(integer);
        } else if (value instanceof Double number) {
            opcode('G');
            put(ByteBuffer.allocate(Double.BYTES).putDouble(number));
        } else if (value instanceof Tuple tuple && tuple.items().isEmpty()) {
            opcode(')');
        } else if (memo(value).containsKey(value)) {
            indexed('h', 'j', memo(value).get(value));
        } else {
            object(value);
        }
    }

    private void object(Object value) throws IOException {
        if (value instanceof String text) {
            string(text);
        } else if (value instanceof Global global) {
            global(global);
        } else if (value instanceof Tuple tuple) {
            tuple(tuple);
        } else if (value instanceof List<?> list) {
            opcode(']');
            memoize(list);
            append(list);
        } else if (value instanceof Map<?, ?> map) {
            opcode('}');
            memoize(map);
            setItems(map);
        } else if (value instanceof Binary bytes) {
            bytes(bytes);
        } else if (value instanceof Latin1 text) {
            latin1(text);
        } else if (value instanceof Call call) {
            save(call.function());
            save(call.arguments());
            opcode('R');
            memoize(call);
            fill(call.items(), call.state());
        } else if (value instanceof NewObject object) {
            save(object.type());
            opcode(')');
            opcode(0x81);
            memoize(object);
            fill(object.items(), object.state());
        } else if (value instanceof PersistentId persistent) {
            save(persistent.id());
            opcode('Q');
        } else if (value instanceof EmptySet) {
            emptySet(value);
        } else {
            replace(value, reducer.apply(value));
        }
    }

    private void integer(long value) {
        if (value >= 0 && value < 1 << 8) {
            opcode('K');
            frame.write((int) value);
        } else if (value >= 0 && value < 1 << 16) {
            opcode('M');
            put(little(Short.BYTES).putShort((short) value));
        } else if (value == (int) value) {
            opcode('J');
            put(little(Integer.BYTES).putInt((int) value));
        } else {
            bigInteger(BigInteger.valueOf(value));
        }
    }

    private void bigInteger(BigInteger value) {
        byte[] bytes = value.toByteArray();
        opcode(0x8a);
        frame.write(bytes.length);
        for (int i = bytes.length - 1; i >= 0; i--) {
            frame.write(bytes[i]);
        }
    }

    private void string(String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        boolean small = protocol >= 4 && utf8.length < 1 << 8;
        Content content = out -> out.accept(ByteBuffer.wrap(utf8));
        opcode(small ? 0x8c : 'X', small ? 1 : Integer.BYTES, utf8.length, content);
        memoize(text);
    }

    private void global(Global global) throws IOException {
        if (protocol >= 4) {
            save(global.module());
            save(global.name());
            opcode(0x93);
        } else {
            boolean renamed = protocol < 3 && global.module().equals("builtins");
            String module = renamed ? "__builtin__" : global.module();
            opcode('c');
            frame.writeBytes(
                    (module + "\n" + global.name() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        memoize(global);
    }

    private void tuple(Tuple tuple) throws IOException {
        int size = tuple.items().size();
        if (size > 3) {
            opcode('(');
        }
        for (Object item : tuple.items()) {
            save(item);
        }
        opcode(size > 3 ? 't' : 0x84 + size);
        memoize(tuple);
    }

    private void append(List<?> list) throws IOException {
        for (int start = 0; start < list.size(); start += BATCH) {
            List<?> batch = list.subList(start, Math.min(start + BATCH, list.size()));
            if (batch.size() > 1) {
                opcode('(');
            }
            for (Object item : batch) {
                save(item);
            }
            opcode(batch.size() > 1 ? 'e' : 'a');
        }
    }

    private void fill(Map<?, ?> items, Object state) throws IOException {
        setItems(items);
        if (state != null) {
            save(state);
            opcode('b');
        }
    }

    private void setItems(Map<?, ?> map) throws IOException {
        List<? extends Map.Entry<?, ?>> entries = List.copyOf(map.entrySet());
        for (int start = 0; start < entries.size(); start += BATCH) {
            List<? extends Map.Entry<?, ?>> batch =
                    entries.subList(start, Math.min(start + BATCH, entries.size()));
            if (batch.size() > 1) {
                opcode('(');
            }
            for (Map.Entry<?, ?> entry : batch) {
                save(entry.getKey());
                save(entry.getValue());
            }
            opcode(batch.size() > 1 ? 'u' : 's');
        }
    }

    private void emptySet(Object set) throws IOException {
        if (protocol >= 4) {
            opcode(0x8f);
            memoize(set);
        } else {
            replace(set, new Call(new Global("builtins", "set"), new ArrayList<>()));
        }
    }

    private void bytes(Binary bytes) throws IOException {
        if (protocol >= 3) {
            boolean small = bytes.length() < 1 << 8;
            int header = small ? 1 : Integer.BYTES;
            opcode(small ? 'C' : 'B', header, bytes.length(), bytes.content());
            memoize(bytes);
        } else if (bytes.length() == 0) {
            replace(bytes, new Call(new Global("builtins", "bytes")));
        } else {
            replace(bytes, new Call(new Global("_codecs", "encode"), new Latin1(bytes), "latin1"));
        }
    }

    /** The text whose characters are the bytes, in UTF-8. */
    private void latin1(Latin1 text) throws IOException {
        long[] length = {0};
        text.bytes().content().writeTo(piece -> length[0] += utf8(piece).remaining());
        opcode(
                'X',
                Integer.BYTES,
                length[0],
                out -> text.bytes().content().writeTo(piece -> out.accept(utf8(piece))));
        memoize(text);
    }

    private static ByteBuffer utf8(ByteBuffer latin1) {
        ByteBuffer result = ByteBuffer.allocate(2 * latin1.remaining());
        while (latin1.hasRemaining()) {
            int character = latin1.get() & 0xff;
            if (character < 0x80) {
                result.put((byte) character);
            } else {
                result.put((byte) (0xc0 | character >> 6)).put((byte) (0x80 | character & 0x3f));
            }
        }
        return result.flip();
    }

    /** An opcode, the length of what follows, and that; outside of any frame if it is long. */
    private void opcode(int code, int lengthBytes, long length, Content content)
            throws IOException {
        if (length >= 1L << 32) {
            throw new IllegalArgumentException("at most 2^32-1 bytes, got " + length);
        }
        boolean framed = length < FRAME;
        if (!framed) {
            flush();
        }
        Sink sink = framed ? piece -> copy(piece, frame) : out;
        ByteBuffer header = little(1 + Long.BYTES).put((byte) code).putLong(length);
        sink.accept(header.flip().limit(1 + lengthBytes));
        content.writeTo(sink);
    }

    private void opcode(int code) {
        frame.write(code);
    }

    private void replace(Object value, Object replacement) throws IOException {
        save(replacement);
        memo(value).put(value, memo(replacement).get(replacement));
    }

    private void memoize(Object value) {
        if (protocol >= 4) {
            opcode(0x94);
        } else {
            indexed('q', 'r', memoized);
        }
        memo(value).put(value, memoized);
        memoized++;
    }

    private Map<Object, Integer> memo(Object value) {
        return value instanceof String || value instanceof Global ? byValue : byInstance;
    }

    private void indexed(int code, int longCode, int index) {
        boolean small = index < 1 << 8;
        opcode(small ? code : longCode);
        put(little(Integer.BYTES).putInt(index).limit(small ? 1 : Integer.BYTES));
    }

    /** Hands over what was collected, from protocol 4 as a frame. */
    private void flush() throws IOException {
        if (protocol >= 4 && frame.size() >= Integer.BYTES) {
            out.accept(little(1 + Long.BYTES).put((byte) 0x95).putLong(frame.size()).flip());
        }
        out.accept(ByteBuffer.wrap(frame.toByteArray()));
        frame.reset();
    }

    private void put(ByteBuffer bytes) {
        copy(bytes.position(0), frame);
    }

    private static void copy(ByteBuffer bytes, ByteArrayOutputStream to) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        to.writeBytes(copy);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
