package dev.afterimage.projection.audit;

import dev.afterimage.projection.web.Parameters;
import dev.afterimage.projection.web.ProblemType;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.jspecify.annotations.Nullable;

/** Starts audits and shows their results. */
@Path("/")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class AuditResource {

    /** Shorter than the usual timeouts of clients and proxies. */
    private static final Duration WAIT = Duration.ofSeconds(25);

    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Pattern AGE = Pattern.compile("[0-9]{1,5}[smhd]");

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
                            schema = @Schema(pattern = "^[0-9]{1,5}[smhd]$", defaultValue = "0s"))
                    @QueryParam("maxAge")
                    @Nullable String maxAge)
            throws InterruptedException {
        var parameters = new Parameters();
        Duration age = parameters.readOr(
                Duration.ZERO, "maxAge", maxAge, AuditResource::age, "must be like 30s, 10m, 12h or 7d");
        parameters.throwIfWrong();
        Instant oldest = Instant.now().minus(age);
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
    @APIResponse(
            responseCode = "202",
            description = "started, or already running; Location shows the result",
            content = @Content(schema = @Schema(implementation = Audit.class)))
    public Response start() {
        Audit audit = audits.start();
        Log.infof("audit asked for auditId=%s", audit.id());
        return Response.accepted(audit)
                .header(HttpHeaders.LOCATION, "/audits/" + audit.id())
                .build();
    }

    /** The result of an audit. */
    @GET
    @Path("/audits/{id}")
    @Operation(operationId = "showAudit", summary = "Show the result of an audit, or its result so far")
    public Audit get(@Parameter(description = "as in Location") @PathParam("id") String id) {
        try {
            return audits.byId(Parameters.uuid(id)).orElseThrow(AuditResource::notFound);
        } catch (IllegalArgumentException e) {
            throw notFound();
        }
    }

    private static HttpProblem notFound() {
        return ProblemType.UNKNOWN_ID
                .problem()
                .withDetail("There was no such audit, or it was forgotten.")
                .build();
    }

    private static Duration age(String text) {
        if (!AGE.matcher(text).matches()) {
            throw new IllegalArgumentException("no duration");
        }
        return Duration.parse((text.endsWith("d") ? "P" : "PT") + text.toUpperCase(Locale.ROOT));
    }
}
