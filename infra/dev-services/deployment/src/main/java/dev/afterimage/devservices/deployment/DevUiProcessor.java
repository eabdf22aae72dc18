package dev.afterimage.devservices.deployment;

import io.quarkus.deployment.IsLocalDevelopment;
import io.quarkus.deployment.annotations.BuildStep;
import io.quarkus.deployment.annotations.BuildSteps;
import io.quarkus.deployment.builditem.ConsoleCommandBuildItem;
import io.quarkus.devui.spi.buildtime.BuildTimeActionBuildItem;
import io.quarkus.devui.spi.page.CardPageBuildItem;
import io.quarkus.devui.spi.page.Page;

/** Adds the card to the Dev UI and the command to the dev console. */
@BuildSteps(onlyIf = IsLocalDevelopment.class)
class DevUiProcessor {

    @BuildStep
    CardPageBuildItem card(OutboxDevServicesConfig config) {
        CardPageBuildItem card = new CardPageBuildItem();
        card.addBuildTimeData("snapshotPath", config.snapshotPath().orElse(""));
        card.addPage(Page.webComponentPageBuilder()
                .title("Outbox")
                .icon("font-awesome-solid:envelope-open-text")
                .componentLink("qwc-outbox.js"));
        return card;
    }

    @BuildStep
    BuildTimeActionBuildItem actions() {
        BuildTimeActionBuildItem actions = new BuildTimeActionBuildItem();
        actions.addAction("status", none -> Inspection.status());
        actions.addAction("events", none -> Inspection.events());
        actions.addAction("restart", none -> Inspection.restart());
        return actions;
    }

    @BuildStep
    ConsoleCommandBuildItem command() {
        return new ConsoleCommandBuildItem(new OutboxCommand());
    }
}
