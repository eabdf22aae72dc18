package dev.afterimage.projection;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.quarkus.runtime.Startup;

/** Who may import whom. */
@AnalyzeClasses(packages = "dev.afterimage.projection", importOptions = DoNotIncludeTests.class)
class RoomsTest {

    private static final String SERVICE = "dev.afterimage.projection..";
    private static final String WEB = "dev.afterimage.projection.web..";
    private static final String SQL = "dev.afterimage.projection.sql..";
    private static final String CHANGE = "dev.afterimage.projection.change..";
    private static final String EVENT_LOG = "dev.afterimage.projection.eventlog..";
    private static final String VIEW = "dev.afterimage.projection.view..";
    private static final String DEAD_LETTER = "dev.afterimage.projection.deadletter..";
    private static final String FEED = "dev.afterimage.projection.feed..";
    private static final String REBUILD = "dev.afterimage.projection.rebuild..";
    private static final String AUDIT = "dev.afterimage.projection.audit..";

    @ArchTest
    static final ArchRule PACKAGES_FORM_NO_CYCLE =
            slices().matching("dev.afterimage.projection.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule ONLY_RESOURCES_AND_WEB_KNOW_HTTP = noClasses()
            .that()
            .resideOutsideOfPackage(WEB)
            .and()
            .haveSimpleNameNotEndingWith("Resource")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "jakarta.ws.rs..",
                    "org.jboss.resteasy..",
                    "io.quarkiverse.resteasy..",
                    "io.vertx.core.http..",
                    "io.vertx.ext.web..");

    @ArchTest
    static final ArchRule ONLY_SOME_ROOMS_KNOW_KAFKA = noClasses()
            .that()
            .resideOutsideOfPackages(FEED, DEAD_LETTER, REBUILD, AUDIT)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.apache.kafka..", "io.smallrye.reactive.messaging..", "org.eclipse.microprofile.reactive..");

    /** A bean is otherwise created by its first use, and an alert does not see a feed that hangs before it. */
    @ArchTest
    static final ArchRule METERS_EXIST_FROM_THE_START = classes()
            .that(describe("get the registry of the meters", type -> type.getConstructors().stream()
                    .flatMap(constructor -> constructor.getRawParameterTypes().stream())
                    .anyMatch(parameter -> parameter.isEquivalentTo(MeterRegistry.class))))
            .and()
            .haveSimpleNameNotEndingWith("Resource")
            .should()
            .beAnnotatedWith(Startup.class)
            .orShould()
            .beAssignableTo(MeterBinder.class);

    @ArchTest
    static final ArchRule FEED_KNOWS = knowsOnly(FEED, CHANGE, EVENT_LOG, VIEW, DEAD_LETTER, SQL, WEB);

    @ArchTest
    static final ArchRule VIEW_KNOWS = knowsOnly(VIEW, CHANGE, SQL, WEB);

    @ArchTest
    static final ArchRule EVENT_LOG_KNOWS = knowsOnly(EVENT_LOG, CHANGE, SQL, WEB);

    @ArchTest
    static final ArchRule CHANGE_KNOWS_NO_OTHER_ROOM = knowsOnly(CHANGE);

    @ArchTest
    static final ArchRule WEB_KNOWS_NO_FEATURE = knowsOnly(WEB, SQL);

    @ArchTest
    static final ArchRule THE_SERVICE_KNOWS_NOTHING_ELSE_OF_THIS_REPOSITORY = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("dev.afterimage..").and(not(resideInAPackage(SERVICE))));

    private static ArchRule knowsOnly(String room, String... others) {
        return classes()
                .that()
                .resideInAPackage(room)
                .should()
                .onlyDependOnClassesThat(not(resideInAPackage(SERVICE))
                        .or(resideInAPackage("dev.afterimage.projection"))
                        .or(resideInAPackage(room))
                        .or(resideInAnyPackage(others)));
    }
}
