package dev.cutover.business;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/** The modules see the coupon service's calls and nothing else of it, and not each other. */
@AnalyzeClasses(packages = "dev.cutover.business", importOptions = ImportOption.DoNotIncludeTests.class)
final class WallTest {
    @ArchTest
    static final ArchRule modules_see_of_the_coupon_service_its_calls_alone = noClasses()
            .that()
            .resideInAPackage("dev.cutover.business..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.cutover..")
                    .and(DescribedPredicate.not(
                            resideInAnyPackage("dev.cutover.business..", "dev.cutover.coupon.v1"))));

    @ArchTest
    static final ArchRule calls_are_known_in_one_room = noClasses()
            .that()
            .resideOutsideOfPackage("dev.cutover.business.core")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.cutover.coupon..");

    @ArchTest
    static final ArchRule modules_do_not_see_each_other = noClasses()
            .that()
            .resideInAPackage("dev.cutover.business.tradein")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.cutover.business.campaign");

    @ArchTest
    static final ArchRule nor_the_other_way_round = noClasses()
            .that()
            .resideInAPackage("dev.cutover.business.campaign")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.cutover.business.tradein");

    @ArchTest
    static final ArchRule what_modules_share_knows_no_module = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.cutover.business.core", "dev.cutover.business.grant", "dev.cutover.business.refusal")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.cutover.business.tradein", "dev.cutover.business.campaign");

    /** The tests of this module start a coupon service, which a module may not: the wall has to say so of them. */
    @Test
    void whoSeesMoreOfTheCouponServiceIsNamed() {
        assertThatThrownBy(() -> modules_see_of_the_coupon_service_its_calls_alone.check(new ClassFileImporter()
                        .withImportOption(new ImportOption.OnlyIncludeTests())
                        .importPackages("dev.cutover.business")))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("BusinessIT");
    }
}
