package dev.afterimage.shop;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may import whom. */
@AnalyzeClasses(packages = "dev.afterimage.shop", importOptions = DoNotIncludeTests.class)
class RoomsTest {

    private static final String SERVICE = "dev.afterimage.shop..";
    private static final String WEB = "dev.afterimage.shop.web..";

    @ArchTest
    static final ArchRule PACKAGES_FORM_NO_CYCLE =
            slices().matching("dev.afterimage.shop.(*)..").should().beFreeOfCycles();

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
    static final ArchRule WEB_KNOWS_NO_FEATURE = noClasses()
            .that()
            .resideInAPackage(WEB)
            .should()
            .dependOnClassesThat(resideInAPackage("dev.afterimage.shop.*..").and(not(resideInAPackage(WEB))));

    @ArchTest
    static final ArchRule THE_SERVICE_KNOWS_NOTHING_ELSE_OF_THIS_REPOSITORY = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("dev.afterimage..").and(not(resideInAPackage(SERVICE))));
}
