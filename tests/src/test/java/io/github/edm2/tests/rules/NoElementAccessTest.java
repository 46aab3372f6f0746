package io.github.edm2.tests.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.github.edm2.ema.EmaListener;
import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.plan.Training;
import io.github.edm2.models.diffusion.UncertaintyLoss;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.training.FiniteAdam;
import io.github.edm2.models.unet.GraphAssembler;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * No class on the path of a step reads or writes single elements of arrays, which on a GPU would
 * wait for the device each time.
 */
class NoElementAccessTest {

    /** One class of each package on the path of a step. */
    private static final Set<String> PATH =
            Stream.of(
                            MpConvolution.class,
                            Training.class,
                            GraphAssembler.class,
                            UncertaintyLoss.class,
                            HeunSampler.class,
                            FiniteAdam.class,
                            EmaListener.class)
                    .map(Class::getPackageName)
                    .collect(Collectors.toSet());

    /** Methods that bring elements to Java, or take them from there; besides {@code ...Number}. */
    private static final Set<String> METHODS =
            Set.of(
                    "getDouble",
                    "getDoubleUnsafe",
                    "getFloat",
                    "getInt",
                    "getLong",
                    "getString",
                    "item",
                    "element",
                    "scalar",
                    "getScalar",
                    "putScalar",
                    "putScalarUnsafe",
                    "toFloatVector",
                    "toFloatMatrix",
                    "toDoubleVector",
                    "toDoubleMatrix",
                    "toIntVector",
                    "toIntMatrix",
                    "toLongVector",
                    "toLongMatrix",
                    "toStringFull",
                    "data",
                    "asFloat",
                    "asDouble",
                    "asInt",
                    "asLong",
                    "asNioFloat",
                    "pointer",
                    "all",
                    "any",
                    "none");

    /** Calls that are not on the path of a step, or happen once in it, and why. */
    private static final Map<String, String> ALLOWED =
            Map.of(
                    "DiffusionOutput$Runtime: INDArray.sumNumber",
                    "the score, which DL4J's interface wants as a Java number, once a step",
                    "HeldOutLoss: INDArray.sumNumber",
                    "an evaluation between steps",
                    "NonFiniteLayers: INDArray.sumNumber",
                    "the search for the layer that failed, once before a training ends",
                    "SafetensorsWriter: INDArray.amaxNumber",
                    "the range check of a half-precision snapshot that is being stored",
                    "RowGroups: INDArray.data",
                    "views of every fourth row, made once for all steps",
                    "TensorBuffer: INDArray.data",
                    "the copy of a tensor between memory and a snapshot file",
                    "WeightsSink: INDArray.data",
                    "the memory that reconstructed averages are put into piece by piece",
                    "WeightsSink: DataBuffer.pointer",
                    "the same");

    @Test
    void aStepHasNoneButTheAllowed() {
        assertEquals(
                new TreeSet<>(ALLOWED.keySet()),
                elementAccesses(
                        MainCode.CLASSES.that(
                                DescribedPredicate.describe(
                                        "on the path of a step",
                                        one -> PATH.contains(one.getPackageName())))));
    }

    @Test
    void allKindsOfAccessAreFound() {
        assertEquals(
                Set.of(
                        "NoElementAccessTest$Offender: BaseNDArray.getFloat",
                        "NoElementAccessTest$Offender: DataBuffer.asFloat",
                        "NoElementAccessTest$Offender: INDArray.data",
                        "NoElementAccessTest$Offender: INDArray.getDouble",
                        "NoElementAccessTest$Offender: INDArray.maxNumber",
                        "NoElementAccessTest$Offender: INDArray.putScalar"),
                elementAccesses(new ClassFileImporter().importClasses(Offender.class)));
    }

    /** As "Class: INDArray.method". */
    private static Set<String> elementAccesses(Iterable<JavaClass> classes) {
        return MainCode.accesses(classes)
                .filter(NoElementAccessTest::isElementAccess)
                .map(
                        access ->
                                "%s: %s.%s"
                                        .formatted(
                                                MainCode.shortName(access.getOriginOwner()),
                                                access.getTargetOwner().getSimpleName(),
                                                access.getName()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static boolean isElementAccess(JavaAccess<?> access) {
        JavaClass owner = access.getTargetOwner();
        String name = access.getName();
        return (METHODS.contains(name) || name.endsWith("Number"))
                && Stream.of(INDArray.class, DataBuffer.class, SDVariable.class)
                        .anyMatch(owner::isAssignableTo);
    }

    /** What must not be done. */
    private static final class Offender {
        double offend(org.nd4j.linalg.api.ndarray.BaseNDArray base) {
            INDArray x = Nd4j.ones(2);
            ToDoubleFunction<INDArray> maximum = array -> array.maxNumber().doubleValue();
            ToDoubleFunction<Integer> element = x::getDouble;
            x.putScalar(0, element.applyAsDouble(1));
            return maximum.applyAsDouble(x) + base.getFloat(0) + x.data().asFloat()[0];
        }
    }
}
