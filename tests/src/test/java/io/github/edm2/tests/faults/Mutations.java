package io.github.edm2.tests.faults;

import io.github.edm2.ema.TensorFile;
import io.github.edm2.models.checkpoint.OfficialFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Damaged copies of one network file, mostly outside of its tensors' data. */
final class Mutations {

    private static final int MOST_AT_ONCE = 4;
    private static final int SHORTEST_DATA = 32;

    /** One position in so many is anywhere. */
    private static final int ANYWHERE = 20;

    /** Opcodes, some with operands, that do the most harm in wrong places. */
    private static final List<byte[]> OPCODES =
            Stream.of(
                            "28",
                            "29",
                            "2e",
                            "30",
                            "31",
                            "32",
                            "4e",
                            "51",
                            "52",
                            "5d",
                            "61",
                            "62",
                            "64",
                            "65",
                            "6c",
                            "73",
                            "74",
                            "75",
                            "7d",
                            "81",
                            "85",
                            "86",
                            "87",
                            "88",
                            "8f",
                            "90",
                            "91",
                            "92",
                            "93",
                            "94",
                            "6800",
                            "6801",
                            "6840",
                            "7100",
                            "6a00010000",
                            "7200000000",
                            "8004",
                            "8000",
                            "4b00",
                            "4a000000ff",
                            "8a00",
                            "8a08ffffffffffffff7f",
                            "8a09ffffffffffffffffff00",
                            "8b00000010",
                            "8bffffffff",
                            "47fff8000000000000",
                            "8c00",
                            "8c0165",
                            "58000000ff",
                            "5800000000",
                            "8d0000000000000040",
                            "4200000080",
                            "8effffffffffffff7f",
                            "960000000000000080",
                            "9500000000000000ff",
                            "636f730a73797374656d0a",
                            "285d6800656c",
                            "7d68007300",
                            "297d9473",
                            "8c0b636f6c6c656374696f6e738c0b4f726465726564446963749329527d")
                    .map(HexFormat.of()::parseHex)
                    .toList();

    private final byte[] original;
    private final int[] described;

    private Mutations(byte[] original, int[] described) {
        this.original = original;
        this.described = described;
    }

    /** Of a network file. */
    static Mutations of(Path network) throws IOException {
        byte[] original = Files.readAllBytes(network);
        String text = new String(original, StandardCharsets.ISO_8859_1);
        BitSet data = new BitSet();
        try (OfficialFile file = OfficialFile.open(network)) {
            for (String name : file.tensors().keySet()) {
                TensorFile.Info info = file.tensors().get(name);
                byte[] bytes = new byte[(int) info.length() * info.type().width()];
                file.read(name, 0, ByteBuffer.wrap(bytes));
                int at = text.indexOf(new String(bytes, StandardCharsets.ISO_8859_1));
                if (at >= 0 && bytes.length >= SHORTEST_DATA) {
                    data.set(at, at + bytes.length);
                }
            }
        }
        data.flip(0, original.length);
        return new Mutations(original, data.stream().toArray());
    }

    /** A damaged copy, which the random numbers decide. */
    byte[] next(SplittableRandom random) {
        byte[] bytes = original;
        int count = 1 + random.nextInt(MOST_AT_ONCE);
        for (int i = 0; i < count && bytes.length > 0; i++) {
            bytes = mutate(bytes, random);
        }
        return bytes;
    }

    private byte[] mutate(byte[] bytes, SplittableRandom random) {
        int at = position(bytes, random);
        int left = bytes.length - at;
        int some = 1 + random.nextInt(Math.min(left, 1 << random.nextInt(7)));
        byte[] opcodes = OPCODES.get(random.nextInt(OPCODES.size()));
        switch (random.nextInt(9)) {
            case 0:
                return replace(bytes, at, 1, (byte) (bytes[at] ^ 1 << random.nextInt(Byte.SIZE)));
            case 1:
                return replace(bytes, at, 1, (byte) random.nextInt());
            case 2:
                byte[] inserted = new byte[some];
                random.nextBytes(inserted);
                return replace(bytes, at, 0, inserted);
            case 3:
                return replace(bytes, at, some);
            case 4:
                boolean rarely = random.nextInt(8) == 0;
                return rarely ? Arrays.copyOf(bytes, at) : replace(bytes, at, 1);
            case 5:
                int from = position(bytes, random);
                int end = Math.min(bytes.length, from + some);
                byte[] block = Arrays.copyOfRange(bytes, from, end);
                boolean over = random.nextBoolean();
                return replace(bytes, at, over ? Math.min(left, block.length) : 0, block);
            case 6:
                return replace(bytes, at, 0, opcodes);
            case 7:
                return replace(bytes, at, Math.min(left, opcodes.length), opcodes);
            default:
                int width = 1 << random.nextInt(4);
                long extreme = (1L << random.nextInt(Long.SIZE)) - random.nextInt(2);
                byte[] number = new byte[Long.BYTES];
                ByteBuffer.wrap(number).order(ByteOrder.LITTLE_ENDIAN).putLong(extreme);
                return replace(bytes, at, Math.min(left, width), Arrays.copyOf(number, width));
        }
    }

    private int position(byte[] bytes, SplittableRandom random) {
        int at =
                random.nextInt(ANYWHERE) == 0
                        ? random.nextInt(bytes.length)
                        : described[random.nextInt(described.length)];
        return Math.min(at, bytes.length - 1);
    }

    private static byte[] replace(byte[] bytes, int at, int removed, byte... inserted) {
        byte[] result = new byte[bytes.length - removed + inserted.length];
        System.arraycopy(bytes, 0, result, 0, at);
        System.arraycopy(inserted, 0, result, at, inserted.length);
        int rest = at + removed;
        System.arraycopy(bytes, rest, result, at + inserted.length, bytes.length - rest);
        return result;
    }
}
