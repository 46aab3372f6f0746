package io.github.edm2.tests.rules;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Set;

/**
 * The methods that a compiled class calls, read from the constant pool of its class file (The Java
 * Virtual Machine Specification, 4.4).
 */
final class CalledMethods {

    private static final int MAGIC = 0xCAFEBABE;

    /**
     * A called method.
     *
     * @param owner simple name of the class or interface, for instance {@code INDArray}
     * @param name of the method
     */
    record Call(String owner, String name) {
        @Override
        public String toString() {
            return owner + "." + name;
        }
    }

    private final int[] tags;
    private final String[] strings;
    private final int[] first;
    private final int[] second;

    private CalledMethods(DataInputStream in) throws IOException {
        if (in.readInt() != MAGIC) {
            throw new IOException("not a class file");
        }
        in.readInt(); // version
        int size = in.readUnsignedShort();
        tags = new int[size];
        strings = new String[size];
        first = new int[size];
        second = new int[size];
        for (int i = 1; i < size; i++) {
            tags[i] = in.readUnsignedByte();
            switch (tags[i]) {
                case 1 -> strings[i] = in.readUTF();
                case 3, 4 -> in.readInt();
                case 5, 6 -> {
                    in.readLong();
                    i++; // takes two entries
                }
                case 7, 8, 16, 19, 20 -> first[i] = in.readUnsignedShort();
                case 9, 10, 11, 12, 17, 18 -> {
                    first[i] = in.readUnsignedShort();
                    second[i] = in.readUnsignedShort();
                }
                case 15 -> {
                    in.readUnsignedByte();
                    in.readUnsignedShort();
                }
                default -> throw new IOException("unknown constant " + tags[i]);
            }
        }
    }

    /** The methods that the class calls. */
    static Set<Call> of(InputStream classFile) throws IOException {
        CalledMethods pool = new CalledMethods(new DataInputStream(classFile));
        Set<Call> calls = new HashSet<>();
        for (int i = 1; i < pool.tags.length; i++) {
            if (pool.tags[i] == 10 || pool.tags[i] == 11) { // Methodref, InterfaceMethodref
                String owner = pool.strings[pool.first[pool.first[i]]];
                String name = pool.strings[pool.first[pool.second[i]]];
                calls.add(new Call(owner.substring(owner.lastIndexOf('/') + 1), name));
            }
        }
        return calls;
    }
}
