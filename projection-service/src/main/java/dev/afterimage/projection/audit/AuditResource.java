package dev.afterimage.projection.audit;

import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.web.Roles;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;
import org.jboss.resteasy.reactive.RestResponse.Status;

/** Starts audits and shows their results. */
@Path("/")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@RolesAllowed(Roles.ADMIN)
public class AuditResource {

    /** Shorter than the usual timeouts of clients and proxies. */
    private static final Duration WAIT = Duration.ofSeconds(25);

    private static final Duration PAUSE = Duration.ofMillis(100);

    private final Audits audits;

    AuditResource(Audits audits) {
        this.audits = audits;
    }

    /** Compares now, or returns the last result if it is recent enough. */
    @GET
    @Path("/audit")
    @Operation(
            operationId = "audit",
            summary = "Compare source, read model and replica row by row",
            description = "Answers when the audit has ended, or after 25 s with the result so far: status is"
                    + " RUNNING then, and the result is at /audits/{id}. If an audit is running, waits for that one.")
    public Audit audit(
            @Parameter(
                            description = "Return the last result if it is younger than this, like 30s, 10m, 12h or 7d",
                            schema =
                                    @Schema(
                                            type = SchemaType.STRING,
                                            pattern = "^[0-9]{1,5}(ms|s|m|h|d)$",
                                            defaultValue = "0s"))
                    @RestQuery
                    @DefaultValue("0s")
                    Duration maxAge)
            throws InterruptedException {
        Instant oldest = Instant.now().minus(maxAge);
        var last = audits.lastDone();
        if (last.isPresent() && last.get().startedAt().isAfter(oldest)) {
            return last.get();
        }
        Audit audit = audits.start();
        for (long deadline = System.nanoTime() + WAIT.toNanos();
                audit.status() == Audit.Status.RUNNING && System.nanoTime() < deadline;
                audit = audits.byId(audit.id()).orElse(audit)) {
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        }
        return audit;
    }

    /** Starts an audit, unless one is running. */
    @POST
    @Path("/audits")
    @Operation(operationId = "startAudit", summary = "Start to compare source, read model and replica row by row")
    @APIResponseSchema(
            value = Audit.class,
            responseCode = "202",
            responseDescription = "It has started, or was already running")
    public RestResponse<Audit> start() {
        Audit audit = audits.start();
        Log.infof("audit requested auditId=%s", audit.id());
        return ResponseBuilder.create(Status.ACCEPTED, audit)
                .header(HttpHeaders.LOCATION, "/audits/" + audit.id())
                .build();
    }

    /** The result of an audit. */
    @GET
    @Path("/audits/{id}")
    @Operation(operationId = "showAudit", summary = "Show the result of an audit, or its result so far")
    public Audit get(@RestPath UUID id) {
        return audits.byId(id).orElseThrow(() -> Refusal.unknownId("audit", id));
    }
}
