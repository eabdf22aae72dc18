package dev.afterimage.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.afterimage", importOptions = DoNotIncludeTests.class)
class RoomsTest {

    @ArchTest
    static final ArchRule NO_PACKAGES_IMPORT_EACH_OTHER =
            slices().matching("dev.afterimage.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule SERVICES_KNOW_NO_COMMAND = noClasses()
            .that()
            .resideInAPackage("..cli.service..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("..cli.command..");

    @ArchTest
    static final ArchRule THE_TERMINAL_KNOWS_NO_PIPELINE = noClasses()
            .that()
            .resideInAPackage("..cli.terminal..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("..cli.command..", "..cli.service..");
}
