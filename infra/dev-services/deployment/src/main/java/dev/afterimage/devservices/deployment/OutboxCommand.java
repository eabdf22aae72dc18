package dev.afterimage.devservices.deployment;

import io.quarkus.deployment.console.QuarkusCommand;
import java.util.concurrent.atomic.AtomicBoolean;
import org.aesh.command.CommandDefinition;
import org.aesh.command.CommandResult;
import org.aesh.command.invocation.CommandInvocation;
import org.aesh.command.option.Argument;
import org.jspecify.annotations.Nullable;

/**
 * {@code outbox order.events} in the dev console (press {@code :}): shows the events of the topic until a key is
 * pressed.
 */
@CommandDefinition(name = "outbox", description = "Watches a topic, or all of them, until a key is pressed")
public final class OutboxCommand extends QuarkusCommand {

    @Argument(description = "The topic, such as order.events; all when left out")
    private @Nullable String topic;

    @Override
    public CommandResult doExecute(CommandInvocation console) throws InterruptedException {
        AtomicBoolean ended = new AtomicBoolean();
        Thread watch = Thread.ofPlatform()
                .daemon()
                .name("outbox-watch")
                .start(() -> Inspection.watch(topic, console::println, ended));
        try {
            console.input();
        } finally {
            ended.set(true);
            watch.join();
        }
        return CommandResult.SUCCESS;
    }
}
