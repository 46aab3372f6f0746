package io.github.edm2.tests.rules;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SliceRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Who knows whom. A rule without one of its allowances must fail: this shows that the rule can
 * fail, and that the allowance is still needed.
 */
class DependencyRulesTest {

    /**
     * What a module may use, by their packages; {@code search} is of the module arbiter-search. So
     * plans ({@code layers.plan}) know nothing of EDM2.
     */
    private static final Map<String, List<String>> USES =
            Map.of(
                    "layers", List.of(),
                    "ema", List.of(),
                    "models", List.of("layers", "ema"),
                    "search", List.of("layers", "ema", "models"),
                    "examples", List.of("layers", "ema", "models", "search"));

    /**
     * A dependency that closes a cycle of packages.
     *
     * @param from a package under the root, or {@code ..} for any
     * @param to matches names of classes under the root
     */
    private record Backward(String from, String to, String reason) {}

    private static final List<Backward> BACKWARDS =
            List.of(
                    new Backward(
                            "layers.runtime",
                            "layers.*",
                            "classes by whose names summary() shows layers extend what these share"),
                    new Backward(
                            "models.runtime",
                            "models.diffusion.*",
                            "the same for the layers of the loss"),
                    new Backward(
                            ".",
                            "models.(Count|OptionalLibrary).*",
                            "words for users, which need nothing of the project"));

    static Set<String> modules() {
        return USES.keySet();
    }

    @ParameterizedTest
    @MethodSource("modules")
    void moduleUsesThoseBelowIt(String module) {
        List<String> used = USES.get(module);
        onlyUses(module, used).check(MainCode.CLASSES);
        used.forEach(one -> assertFails(onlyUses(module, without(used, one))));
    }

    private static ArchRule onlyUses(String module, List<String> others) {
        String[] itself = MainCode.within(List.of(module));
        return noClasses()
                .that(resideInAnyPackage(itself))
                .should()
                .dependOnClassesThat(
                        resideInAPackage(MainCode.ROOT + "..")
                                .and(not(resideInAnyPackage(itself)))
                                .and(not(resideInAnyPackage(MainCode.within(others)))));
    }

    @ParameterizedTest
    @CsvSource({
        "org.apache.commons.cli.., examples.cli",
        "me.tongfei.progressbar.., examples.cli",
        "ch.qos.logback.., examples.cli",
        "ai.onnxruntime.., models.onnx",
        "org.apache.commons.compress.., models.pickle"
    })
    void libraryIsKnownToOnePackage(String library, String user) {
        onlyKnownTo(library, List.of(user)).check(MainCode.CLASSES);
        assertFails(onlyKnownTo(library, List.of()));
    }

    private static ArchRule onlyKnownTo(String library, List<String> users) {
        return noClasses()
                .that(not(resideInAnyPackage(MainCode.within(users))))
                .should()
                .dependOnClassesThat(resideInAPackage(library));
    }

    @Test
    void packagesHaveNoCycles() {
        noCycles(BACKWARDS).check(MainCode.CLASSES);
        BACKWARDS.forEach(one -> assertFails(noCycles(without(BACKWARDS, one))));
    }

    private static SliceRule noCycles(List<Backward> allowed) {
        SliceRule rule = slices().assignedFrom(PACKAGES).should().beFreeOfCycles();
        for (Backward one : allowed) {
            String from = MainCode.ROOT + "." + one.from;
            String to = MainCode.ROOT.replace(".", "\\.") + "\\." + one.to;
            rule = rule.ignoreDependency(resideInAPackage(from), nameMatching(to));
        }
        return rule;
    }

    private static final SliceAssignment PACKAGES =
            new SliceAssignment() {
                @Override
                public SliceIdentifier getIdentifierOf(JavaClass one) {
                    return one.getPackageName().startsWith(MainCode.ROOT)
                            ? SliceIdentifier.of(one.getPackageName())
                            : SliceIdentifier.ignore();
                }

                @Override
                public String getDescription() {
                    return "packages";
                }
            };

    private static <T> List<T> without(List<T> all, T one) {
        List<T> rest = new ArrayList<>(all);
        rest.remove(one);
        return rest;
    }

    private static void assertFails(ArchRule rule) {
        assertTrue(
                rule.evaluate(MainCode.CLASSES).hasViolation(),
                () -> "holds although it should not: " + rule.getDescription());
    }
}
