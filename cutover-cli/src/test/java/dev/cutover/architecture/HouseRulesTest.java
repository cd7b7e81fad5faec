package dev.cutover.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.NullMarked;

/** Who may see whom, which library lives in which room, and how things are named. */
@AnalyzeClasses(
        packages = "dev.cutover",
        importOptions = {
            ImportOption.DoNotIncludeTests.class,
            HouseRulesTest.NoJarsOfTests.class,
            HouseRulesTest.WrittenByPeople.class
        })
class HouseRulesTest {

    /** Leaves out what protoc makes of coupon.proto and what the cache keeps. */
    static final class WrittenByPeople implements ImportOption {
        static final Set<String> NOT = Set.of("dev.cutover.coupon.v1", "dev.cutover.coupon.cache.v1");

        @Override
        public boolean includes(Location location) {
            return NOT.stream().noneMatch(made -> location.contains("/" + made.replace('.', '/') + "/"));
        }
    }

    static final class NoJarsOfTests implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    private static final Map<String, Set<String>> MAY_SEE = Map.of(
            "core", Set.of(),
            "sandbox", Set.of(),
            "proxy", Set.of("core"),
            "migrator", Set.of("core"),
            "verifier", Set.of("core"),
            "coupon", Set.of("core", "proxy"),
            // Of the coupon service its calls alone: WallTest, beside the modules, has the rule.
            "business", Set.of("coupon"),
            "cli", Set.of("core", "migrator", "verifier", "sandbox"));

    private static final Map<String, Set<String>> LIBRARY_ROOMS = Map.of(
            "io.debezium..", Set.of("dev.cutover.migrator.stream.."),
            "org.apache.kafka..", Set.of("dev.cutover.migrator.stream.."),
            "picocli..", Set.of("dev.cutover.cli.."),
            "org.redisson..", Set.of("dev.cutover.coupon.."),
            "com.linecorp.armeria..",
                    Set.of("dev.cutover.coupon.http..", "dev.cutover.business.http..", "dev.cutover.business.core.."),
            "io.grpc..", Set.of("dev.cutover.coupon.http..", "dev.cutover.business.core.."),
            "com.google.protobuf..",
                    Set.of(
                            "dev.cutover.coupon.http..",
                            "dev.cutover.coupon.detail..",
                            "dev.cutover.coupon.usercache..",
                            "dev.cutover.business.core.."),
            "org.flywaydb..", Set.of("dev.cutover.core.stage.."),
            "org.snakeyaml..", Set.of("dev.cutover.core.plan.."),
            "com.zaxxer..", Set.of("dev.cutover.core.topology..", "dev.cutover.business"));

    @ArchTest
    void modulesSeeOnlyTheirNeighbours(JavaClasses all) {
        MAY_SEE.forEach((module, neighbours) -> noClasses()
                .that()
                .resideInAPackage("dev.cutover." + module + "..")
                .should()
                .dependOnClassesThat(describe(
                        "belong to a module that " + module + " may not see",
                        seen -> !moduleOf(seen).isEmpty()
                                && !moduleOf(seen).equals(module)
                                && !neighbours.contains(moduleOf(seen))))
                .because("a word that two modules need belongs to core")
                .check(all));
    }

    @ArchTest
    void eachLibraryStaysInItsRoom(JavaClasses all) {
        LIBRARY_ROOMS.forEach((library, rooms) -> noClasses()
                .that()
                .resideOutsideOfPackages(rooms.toArray(new String[0]))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .because(library + " is known only in " + rooms)
                .check(all));
    }

    @ArchTest
    static final ArchRule calls_and_requests_have_the_same_rooms = noClasses()
            .that()
            .haveSimpleNameStartingWith("Call")
            .and()
            .resideInAPackage("dev.cutover.coupon.http")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.cutover.coupon.claim..",
                    "dev.cutover.coupon.redeem..",
                    "dev.cutover.coupon.hold..",
                    "dev.cutover.coupon.backoffice..",
                    "dev.cutover.coupon.issuance..",
                    "dev.cutover.coupon.code..")
            .because("a call is the request of the route that does the same, and knows nothing else");

    @ArchTest
    static final ArchRule names_say_what_things_are = noClasses()
            .should()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Utils")
            .orShould()
            .haveSimpleNameEndingWith("Helper")
            .orShould()
            .haveSimpleNameEndingWith("Manager")
            .orShould()
            .haveSimpleNameEndingWith("Impl");

    @ArchTest
    static final ArchRule static_fields_are_final =
            fields().that().areStatic().should().beFinal().allowEmptyShould(true);

    @ArchTest
    static final ArchRule nobody_sleeps_to_wait = noClasses()
            .should()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Thread.class, "sleep", long.class, int.class);

    @ArchTest
    static final ArchRule exceptions_are_named = GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;

    @ArchTest
    static final ArchRule only_entry_points_print = noClasses()
            .that()
            .resideOutsideOfPackages("dev.cutover.cli..")
            .and()
            .haveSimpleNameNotEndingWith("Main")
            .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS);

    @ArchTest
    void everyRoomIsNullMarked(JavaClasses all) {
        assertThat(all.getPackage("dev.cutover").getSubpackagesInTree().stream()
                        .filter(p -> !p.getClasses().isEmpty())
                        .filter(p -> !WrittenByPeople.NOT.contains(p.getName()))
                        .filter(p -> !p.isAnnotatedWith(NullMarked.class))
                        .map(JavaPackage::getName))
                .as("packages without @NullMarked in package-info.java")
                .isEmpty();
    }

    @ArchTest
    void everyModuleIsRead(JavaClasses all) {
        assertThat(MAY_SEE.keySet())
                .as("modules whose classes this test has seen")
                .allSatisfy(module -> assertThat(
                                all.stream().filter(c -> moduleOf(c).equals(module)))
                        .isNotEmpty());
    }

    private static String moduleOf(JavaClass c) {
        String[] words = c.getPackageName().split("\\.", -1);
        return words.length > 2 && words[0].equals("dev") && words[1].equals("cutover") && MAY_SEE.containsKey(words[2])
                ? words[2]
                : "";
    }
}
