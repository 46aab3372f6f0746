package io.github.edm2.tests.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitCallTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.File;
import java.io.FileOutputStream;
import java.io.FileWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;

/** Files are written by {@code ema.AtomicFile}, so that a crash leaves the old or the new one. */
class FileWritersTest {

    /** Classes that open files for writing, and why. */
    private static final Map<String, String> ALLOWED =
            Map.of(
                    "AtomicOutput", "the temporary file of AtomicFile",
                    "ExclusiveFile", "locks, and parts of an archive that a conversion continues",
                    "Download", "a part, which the next attempt continues",
                    "StudyFolder", "results, which only grow",
                    "StatusLog", "logs, which only grow",
                    "EmbeddedDetector", "a temporary copy",
                    "MakeEmbeddedImages", "a program for developers, run once",
                    "PostHocEma", "a program to copy, which saves as DL4J's users do");

    private static final Set<String> METHODS_OF_FILES =
            Set.of("newOutputStream", "newBufferedWriter", "write", "writeString", "copy");

    @Test
    void onlyTheAllowedOpenFilesForWriting() {
        assertEquals(new TreeSet<>(ALLOWED.keySet()), writers(MainCode.CLASSES));
    }

    @Test
    void allWaysToOpenAFileAreFound() {
        assertEquals(
                Set.of(
                        "FileWritersTest$ByChannel",
                        "FileWritersTest$ByFiles",
                        "FileWritersTest$ByModelSerializer",
                        "FileWritersTest$ByStream"),
                writers(
                        new ClassFileImporter()
                                .importClasses(
                                        ByChannel.class,
                                        ByFiles.class,
                                        ByModelSerializer.class,
                                        ByStream.class,
                                        Reader.class)));
    }

    private static Set<String> writers(Iterable<JavaClass> classes) {
        return MainCode.accesses(classes)
                .filter(FileWritersTest::opensForWriting)
                .map(access -> MainCode.shortName(access.getOriginOwner()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Channels are opened for reading too; what tells is the option. */
    private static boolean opensForWriting(JavaAccess<?> access) {
        JavaClass owner = access.getTargetOwner();
        String name = access.getName();
        if (owner.isEquivalentTo(StandardOpenOption.class)) {
            return name.equals("WRITE") || name.equals("APPEND");
        }
        if (owner.isEquivalentTo(Files.class)) {
            return METHODS_OF_FILES.contains(name);
        }
        if (owner.isEquivalentTo(ImageIO.class) || owner.isEquivalentTo(ModelSerializer.class)) {
            return name.startsWith("write")
                    && access.getTarget() instanceof CodeUnitCallTarget target
                    && target.getRawParameterTypes().stream()
                            .anyMatch(type -> type.isEquivalentTo(File.class));
        }
        return owner.isEquivalentTo(FileOutputStream.class)
                || owner.isEquivalentTo(FileWriter.class)
                || owner.isEquivalentTo(RandomAccessFile.class);
    }

    private static final class ByChannel {
        FileChannel open(Path file) throws IOException {
            return FileChannel.open(file, StandardOpenOption.WRITE);
        }
    }

    private static final class ByFiles {
        void write(Path file) throws IOException {
            Files.writeString(file, "");
        }
    }

    private static final class ByModelSerializer {
        void write(File file) throws IOException {
            ModelSerializer.writeModel(null, file, false);
        }
    }

    private static final class ByStream {
        Object open(File file) throws IOException {
            return new FileOutputStream(file);
        }
    }

    /** Must not be found. */
    private static final class Reader {
        FileChannel open(Path file) throws IOException {
            return FileChannel.open(file, StandardOpenOption.READ);
        }
    }
}
