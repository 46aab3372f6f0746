package io.github.edm2.tests.benchmark;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.ObjLongConsumer;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.CustomOpDescriptor;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Records the names of the custom operations that ND4J executes while it is open, in any thread. It
 * stands in front of the backend's executioner, so that it works with every backend. (ND4J's own
 * OpProfiler counts custom and legacy operations together.)
 *
 * <pre>{@code
 * try (OperationRecorder recorder = OperationRecorder.open()) {
 *     network.fit(batch);
 *     names = recorder.customOperations();
 * }
 * }</pre>
 */
public final class OperationRecorder implements AutoCloseable {

    private final OpExecutioner backend;
    private final Set<String> names = new ConcurrentSkipListSet<>();

    private final ObjLongConsumer<Object> timings;

    private OperationRecorder(OpExecutioner backend, ObjLongConsumer<Object> timings) {
        this.backend = backend;
        this.timings = timings;
    }

    /** Starts to record. */
    public static OperationRecorder open() {
        return open((operation, nanos) -> {});
    }

    /**
     * Starts to record.
     *
     * @param timings told of each operation, custom or legacy, and the nanoseconds that it took
     */
    static OperationRecorder open(ObjLongConsumer<Object> timings) {
        OperationRecorder recorder = new OperationRecorder(Nd4j.getExecutioner(), timings);
        install(
                (OpExecutioner)
                        Proxy.newProxyInstance(
                                OperationRecorder.class.getClassLoader(),
                                new Class<?>[] {OpExecutioner.class},
                                (proxy, method, arguments) -> recorder.call(method, arguments)));
        return recorder;
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        boolean execution = arguments != null && method.getName().startsWith("exec");
        if (execution && arguments[0] instanceof CustomOp operation) {
            names.add(registered(operation.opName()));
        }
        long start = System.nanoTime();
        try {
            return method.invoke(backend, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        } finally {
            if (execution && (arguments[0] instanceof Op || arguments[0] instanceof CustomOp)) {
                timings.accept(arguments[0], System.nanoTime() - start);
            }
        }
    }

    /** Java classes may use a synonym that differs from the operation's name in its capitals. */
    private String registered(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        Map<String, CustomOpDescriptor> all = backend.getCustomOperations();
        boolean synonym =
                all.containsKey(lower) && all.get(lower).getHash() == all.get(name).getHash();
        return synonym ? lower : name;
    }

    /** The names of the custom operations executed so far. */
    public Set<String> customOperations() {
        return new TreeSet<>(names);
    }

    /** Stops recording. */
    @Override
    public void close() {
        install(backend);
    }

    private static void install(OpExecutioner executioner) {
        try {
            Field field = Nd4j.class.getDeclaredField("OP_EXECUTIONER_INSTANCE");
            field.setAccessible(true);
            field.set(null, executioner);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("ND4J keeps its executioner elsewhere in this release", e);
        }
    }
}
