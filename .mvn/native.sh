# Says what is missing where native executables cannot be built. Sourced by mvnw and infra/afterimage, after jdk.sh. Quarkus
# looks in the same places, and in the end for a container engine.
[ -x "${GRAALVM_HOME-}/bin/native-image" ] || [ -x "$JAVA_HOME/bin/native-image" ] || command -v native-image docker podman >/dev/null || {
  echo "Native executables need GraalVM or Mandrel 25 in GRAALVM_HOME (https://www.graalvm.org/downloads), or Docker or Podman; neither was found." >&2
  exit 1
}
