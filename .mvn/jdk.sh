# Points JAVA_HOME at a JDK of at least $jdk_needed. Sourced by mvnw and infra/afterimage, so that both work
# although the default java is older. Reads each candidate's `release` file, because starting a JVM costs 0.2 s.
jdk_needed=25

jdk_fits() {
  [ -x "$1/bin/javac" ] || return 1
  jdk_major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null)
  [ "${jdk_major:-0}" -ge "$jdk_needed" ]
}

jdk_default() { # the home of the java on the PATH, or nothing
  command -v javac >/dev/null 2>&1 || return 0
  jdk_path=$(readlink -f "$(command -v javac)" 2>/dev/null) || return 0
  printf %s "${jdk_path%/bin/javac}"
}

jdk_find() {
  jdk_on_path=$(jdk_default)
  jdk_named=$(env | sed -n 's/^JAVA_HOME_\(2[5-9]\|[3-9][0-9]\)[^=]*=//p' | head -n 1)
  jdk_home_folder=${HOME-/nowhere}
  for jdk_home in "${JAVA_HOME-}" "$jdk_on_path" "$jdk_named" "${GRAALVM_HOME-}" \
    "${jdk_on_path%/*}"/* "${SDKMAN_DIR:-$jdk_home_folder/.sdkman}"/candidates/java/* \
    "$jdk_home_folder"/.jdks/* "$jdk_home_folder"/.asdf/installs/java/* \
    "$jdk_home_folder"/.local/share/mise/installs/java/* /usr/lib/jvm/* /opt/java/* /opt/jdk* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "$jdk_home_folder"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    if [ -n "$jdk_home" ] && jdk_fits "$jdk_home"; then
      JAVA_HOME=$jdk_home
      export JAVA_HOME
      return 0
    fi
  done
  return 1
}

jdk_options=$- # mvnw runs without globbing, and shall again afterwards
set +f
if ! jdk_find; then
  echo "Afterimage needs a JDK $jdk_needed or later, and none was found: install one (https://adoptium.net) or set JAVA_HOME to it." >&2
  exit 1
fi
case $jdk_options in *f*) set -f ;; esac

# mvnw unpacks Maven with unzip, and falls back to an archive that has another checksum. The JDK can unpack it as well.
command -v unzip >/dev/null || unzip() { # [-q] FILE -d FOLDER
  [ "$1" != -q ] || shift
  (set +f && cd "$3" && "$JAVA_HOME/bin/jar" xf "$1" && chmod +x ./*/bin/mvn)
}
