package io.github.edm2.models.pickle;

import java.nio.channels.SeekableByteChannel;

/** A file with a pickle, by itself or in an archive of {@code torch.save}. */
public final class TorchFile {

    private static final int ZIP = 'P' << Byte.SIZE | 'K';
    private static final int PICKLE = 0x80;

    private TorchFile() {}

    /**
     * Reads the object of a file as data: null, Boolean, Long, BigInteger, Double, String, List,
     * Map, {@link TorchTensor}, {@link NumpyArray}, {@link PickledClass}, {@link PickledObject},
     * {@link PersistentObject}. Nothing in the file is run. Time and memory are proportional to the
     * file's length, tensors not counted.
     *
     * @param channel the file; must stay open while tensors are read from the result, in one thread
     * @throws PickleException if it is damaged, no pickle, or calls what no EDM2 network needs
     */
    public static Object read(SeekableByteChannel channel) {
        FileSlice file = new FileSlice(channel);
        if (file.length() == 0) {
            throw new PickleException("is empty");
        }
        PickleCursor begin = new PickleCursor(file);
        int first = begin.unsignedByte();
        if (file.length() > 1 && (first << Byte.SIZE | begin.unsignedByte()) == ZIP) {
            return ZipArchive.read(channel);
        }
        if (first != PICKLE) {
            throw new PickleException("is neither a pickle of protocol 2 to 5 nor a zip archive");
        }
        AllowedCalls calls = new AllowedCalls(file.length());
        return LegacyArchive.begins(file)
                ? LegacyArchive.read(file, calls)
                : new Unpickler(new PickleCursor(file), calls).load();
    }
}
