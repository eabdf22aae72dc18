package dev.afterimage.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** A Kubernetes resource, and its validation against the model of its kind. */
record Manifest(JsonNode json) {

    private static final Map<String, Class<?>> MODELS = Map.of(
            "apps/v1 Deployment", Deployment.class,
            "apps/v1 StatefulSet", StatefulSet.class,
            "v1 Service", Service.class,
            "policy/v1 PodDisruptionBudget", PodDisruptionBudget.class,
            "autoscaling/v2 HorizontalPodAutoscaler", HorizontalPodAutoscaler.class,
            "v1 ConfigMap", ConfigMap.class,
            "batch/v1 Job", Job.class,
            "networking.k8s.io/v1 NetworkPolicy", NetworkPolicy.class);
    private static final Map<String, String> SUBSET = Map.of(
            "Cluster", "postgresql.cnpg.io/v1",
            "Database", "postgresql.cnpg.io/v1",
            "ScheduledBackup", "postgresql.cnpg.io/v1",
            "ObjectStore", "barmancloud.cnpg.io/v1",
            "ScaledObject", "keda.sh/v1alpha1",
            "TriggerAuthentication", "keda.sh/v1alpha1");

    private static final Map<String, Schema> SCHEMAS = new ConcurrentHashMap<>();
    private static final Set<String> ALTERNATIVES = Set.of("oneOf", "anyOf", "allOf", "not");

    /** Fails on unknown properties, which the models would accept as "additional". */
    private static final JsonMapper STRICT = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .annotationIntrospector(new JacksonAnnotationIntrospector() {
                @Override
                public Boolean hasAnySetter(Annotated member) {
                    return false;
                }
            })
            .build();

    String kind() {
        return json.path("kind").asText();
    }

    String name() {
        return json.at("/metadata/name").asText();
    }

    JsonNode at(String pointer) {
        return json.at(pointer);
    }

    String text(String pointer) {
        return Repository.text(json, pointer);
    }

    /** The errors of the resource against its model; empty when it is valid. */
    List<String> errors() {
        String type = json.path("apiVersion").asText() + " " + kind();
        Class<?> model = MODELS.get(type);
        return model == null ? errors(json, type) : misread(json, model);
    }

    /** The same for a file that is not a Kubernetes resource but has a definition in subset.yaml. */
    static List<String> errors(JsonNode json, String type) {
        Stream<String> violations =
                SCHEMAS.computeIfAbsent(type, Manifest::schema).validate(json.toString(), InputFormat.JSON).stream()
                        .map(String::valueOf);
        return Stream.concat(violations, misread(json.path("metadata"), ObjectMeta.class).stream())
                .toList();
    }

    private static Schema schema(String type) {
        String kind = type.substring(type.indexOf(' ') + 1);
        ObjectNode schema = Repository.JSON.createObjectNode();
        Path strimzi = Path.of("target/schemas", kind + ".yaml");
        if (strimzi.toFile().exists()) {
            JsonNode definition = Repository.yaml(strimzi).getFirst();
            JsonNode version = definition.at("/spec/versions/0");
            assertThat(type)
                    .isEqualTo(
                            "%s/%s %s",
                            definition.at("/spec/group").asText(),
                            version.path("name").asText(),
                            kind);
            schema.setAll((ObjectNode) version.at("/schema/openAPIV3Schema"));
        } else {
            if (SUBSET.containsKey(kind)) {
                assertThat(type).isEqualTo("%s %s", SUBSET.get(kind), kind);
                ObjectNode properties = schema.putObject("properties");
                List.of("apiVersion", "kind", "metadata").forEach(properties::putObject);
                properties.putObject("spec").put("$ref", "#/$defs/" + kind);
            } else {
                schema.put("$ref", "#/$defs/" + kind);
            }
            JsonNode definitions =
                    Repository.yaml(Path.of("src/test/resources/subset.yaml")).getFirst();
            assertThat(definitions.properties()).extracting(Map.Entry::getKey).contains(kind);
            schema.set("$defs", definitions);
        }
        close(schema);
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema);
    }

    /**
     * Refuses properties that the schema does not name, as the API server does in strict validation. Alternatives only
     * add rules.
     */
    private static void close(JsonNode schema) {
        if (schema instanceof ObjectNode object
                && object.path("properties").isObject()
                && !object.has("additionalProperties")
                && !object.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
            object.put("additionalProperties", false);
        }
        schema.properties().stream()
                .filter(part -> !ALTERNATIVES.contains(part.getKey()))
                .forEach(part -> close(part.getValue()));
    }

    private static List<String> misread(JsonNode json, Class<?> model) {
        try {
            STRICT.treeToValue(json, model);
            return List.of();
        } catch (JsonProcessingException e) {
            return List.of(e.getOriginalMessage());
        }
    }

    @Override
    public String toString() {
        return kind() + " " + name();
    }
}
