package io.github.edm2.layers.plan;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarAdd;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMultiplication;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarReverseDivision;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarReverseSubtraction;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Operations on given arrays, made once to be run many times: the numbers in the arrays may change
 * between runs, the arrays may not. Pairwise operations of arrays of different shapes take (M2.1,
 * CPU) four to eight times as long in place as into another array, those of the same shape do not.
 *
 * <p>A custom operation keeps its native context: ND4J (M2.1) makes a new one at every call
 * otherwise, which takes 5 to 15 microseconds, more than most operations on small arrays, and
 * leaves it to a thread of its own to clean up. The shapes of its results are checked once, instead
 * of at every call.
 *
 * <p>For one thread at a time.
 */
public final class Prepared {

    private Prepared() {}

    /**
     * A custom operation.
     *
     * @param operation with inputs, outputs and arguments set
     * @throws IllegalArgumentException if an output has another shape than the operation gives
     */
    public static Runnable of(CustomOp operation) {
        requireShapes(operation);
        OpContext context = Nd4j.getExecutioner().buildContext();
        context.shapeFunctionOverride(true);
        context.setInputArrays(operation.inputArguments());
        context.setOutputArrays(operation.outputArguments());
        context.setIArguments(operation.iArgs());
        context.setTArguments(operation.tArgs());
        context.setBArguments(operation.bArgs());
        context.setDArguments(operation.dArgs());
        return () -> Nd4j.getExecutioner().exec(operation, context);
    }

    private static void requireShapes(CustomOp operation) {
        List<LongShapeDescriptor> shapes = Nd4j.getExecutioner().calculateOutputShape(operation);
        for (int i = 0; i < shapes.size(); i++) {
            long[] given = operation.outputArguments().get(i).shape();
            if (!Arrays.equals(shapes.get(i).getShape(), given)) {
                throw new IllegalArgumentException(
                        "%s gives an array of shape %s, not %s"
                                .formatted(
                                        operation.opName(),
                                        Arrays.toString(shapes.get(i).getShape()),
                                        Arrays.toString(given)));
            }
        }
    }

    /** A legacy operation, which has no context. */
    public static Runnable of(Op operation) {
        return () -> Nd4j.exec(operation);
    }

    /** One after another. */
    public static Runnable sequence(Runnable... operations) {
        return () -> {
            for (Runnable operation : operations) {
                operation.run();
            }
        };
    }

    /** out = a b, of the same shape or broadcast; out may be a or b. */
    public static Runnable multiply(INDArray a, INDArray b, INDArray out) {
        return pairwise("multiply", a, b, out);
    }

    /** out = a / b, of the same shape or broadcast; out may be a or b. */
    public static Runnable divide(INDArray a, INDArray b, INDArray out) {
        return pairwise("divide", a, b, out);
    }

    /** out = a - b, of the same shape or broadcast; out may be a or b. */
    public static Runnable subtract(INDArray a, INDArray b, INDArray out) {
        return pairwise("subtract", a, b, out);
    }

    /** out = a + b, of the same shape or broadcast; out may be a or b. */
    public static Runnable add(INDArray a, INDArray b, INDArray out) {
        return pairwise("add", a, b, out);
    }

    private static Runnable pairwise(String name, INDArray a, INDArray b, INDArray out) {
        return of(DynamicCustomOp.builder(name).addInputs(a, b).addOutputs(out).build());
    }

    /**
     * Copies from or to a view. Where the numbers of the last axis are neighbours in both, as a
     * product with one, which takes (M2.1, CPU) a quarter to a half of the time of an assignment.
     */
    public static Runnable copy(INDArray from, INDArray to) {
        if (from.stride(-1) != 1 || to.stride(-1) != 1) {
            return () -> to.assign(from);
        }
        long[] shape = new long[from.rank()];
        Arrays.fill(shape, 1);
        return multiply(from, Nd4j.ones(from.dataType(), shape), to);
    }

    /** out = x factor; out may be x. */
    public static Runnable multiply(INDArray x, double factor, INDArray out) {
        return of((Op) new ScalarMultiplication(x, null, out, factor));
    }

    /** out = x + term; out may be x. */
    public static Runnable add(INDArray x, double term, INDArray out) {
        return of((Op) new ScalarAdd(x, null, out, term));
    }

    /** out = term - x; out may be x. */
    public static Runnable subtractFrom(double term, INDArray x, INDArray out) {
        return of((Op) new ScalarReverseSubtraction(x, null, out, term));
    }

    /** out = numerator / x; out may be x. */
    public static Runnable divideInto(double numerator, INDArray x, INDArray out) {
        return of((Op) new ScalarReverseDivision(x, null, out, numerator));
    }

    /** out = factor x + y, of the same shape; out may be x or y. */
    public static Runnable axpy(double factor, INDArray x, INDArray y, INDArray out) {
        return of((Op) new Axpy(x, y, out, factor));
    }

    /** out = op(a) op(b), matrices, op being the transpose where asked for. */
    public static Runnable matmul(
            INDArray a, INDArray b, INDArray out, boolean transposeA, boolean transposeB) {
        return matmul(a, b, out, transposeA, transposeB, 1, 0);
    }

    /**
     * out = factor op(a) op(b) + outFactor out, matrices, op being the transpose where asked for.
     */
    public static Runnable matmul(
            INDArray a,
            INDArray b,
            INDArray out,
            boolean transposeA,
            boolean transposeB,
            double factor,
            double outFactor) {
        MMulTranspose transpose =
                MMulTranspose.builder().transposeA(transposeA).transposeB(transposeB).build();
        return of((CustomOp) new Mmul(a, b, out, factor, outFactor, transpose));
    }
}
