package dev.cutover.chaos.checker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;

@AnalyzeClasses(packages = "dev.cutover.chaos", importOptions = ImportOption.DoNotIncludeTests.class)
class SightArchUnitTest {
    private static DescribedPredicate<JavaClass> cutoverOutside(String... rooms) {
        return DescribedPredicate.describe(
                "belong to Cutover and not to " + String.join(", ", rooms),
                seen -> seen.getPackageName().startsWith("dev.cutover.")
                        && Arrays.stream(rooms).noneMatch(seen.getPackageName()::equals));
    }

    @ArchTest
    static final ArchRule the_history_knows_nothing_of_cutover = noClasses()
            .that()
            .resideInAPackage("dev.cutover.chaos.history..")
            .should()
            .dependOnClassesThat(cutoverOutside("dev.cutover.chaos.history"))
            .because("a witness that shares code with the accused repeats its mistakes");

    @ArchTest
    static final ArchRule the_checker_knows_the_history_alone = noClasses()
            .that()
            .resideInAPackage("dev.cutover.chaos.checker..")
            .should()
            .dependOnClassesThat(cutoverOutside("dev.cutover.chaos.history", "dev.cutover.chaos.checker"))
            .because("a judge that shares code with the accused repeats its mistakes");

    @ArchTest
    static final ArchRule only_the_checker_reads_binlogs = noClasses()
            .that()
            .resideOutsideOfPackage("dev.cutover.chaos.checker..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.github.shyiko..")
            .because("what a run knows of its servers must not come from where the checker looks");
}
