# Sourced by cutover and by what is in bin/: builds what is missing or older than the sources, then starts a JVM. Needs $root and $module.

fail() { # what, fix
  printf 'cutover: %s\n  fix   %s\n' "$1" "$2" >&2
  exit 1
}

java_version() { # home -> major version, nothing when unknown
  [ -x "$1/bin/java" ] || return 0
  if [ -r "$1/release" ]; then
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
  else
    "$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1
  fi
}

java_home() { # the first home with Java 17 or newer
  local candidate on_path='' version
  if command -v java >/dev/null 2>&1; then
    on_path=$(command -v java)
    on_path=$(readlink -f "$on_path" 2>/dev/null || printf '%s' "$on_path")
    on_path=$(dirname "$(dirname "$on_path")")
  fi
  for candidate in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/.sdkman/candidates/java/current; do
    [ -n "$candidate" ] || continue
    version=$(java_version "$candidate")
    if [ -n "$version" ] && [ "$version" -ge 17 ]; then
      printf '%s' "$candidate"
      return 0
    fi
  done
  return 1
}

java_home=$(java_home) || fail "no Java 17 or newer was found." "install a JDK 17, or point JAVA_HOME at one"

# What chaos needs is built with it only; the command does not wait for it.
modules=(cutover-core sandbox dual-write-proxy migrator verifier coupon-service cutover-cli)
runnable=(cutover-cli coupon-service)
if [ "$module" = chaos ]; then
  modules+=(chaos)
  runnable+=(chaos)
fi
stamp=$root/$module/target/.built
sources=(pom.xml sql)
for one in "${modules[@]}"; do
  sources+=("$one/pom.xml" "$one/src/main")
done

up_to_date() {
  local one
  [ -e "$stamp" ] || return 1
  for one in "${runnable[@]}"; do
    ls "$root/$one/target/$one"-*.jar >/dev/null 2>&1 && [ -d "$root/$one/target/lib" ] || return 1
  done
  # A distribution without sources is what it is.
  [ -d "$root/$module/src/main" ] || return 0
  [ -z "$(cd "$root" && find "${sources[@]}" -newer "$stamp" -print 2>/dev/null | head -n 1)" ]
}

class_path() { # module -> its jar, then its libraries by name: an archive of classes fits one order only
  local jar main= libraries=
  for jar in "$root/$1/target/$1"-*.jar; do
    case $jar in *-sources.jar | *-javadoc.jar | *-tests.jar) continue ;; esac
    main=$jar
  done
  for jar in "$root/$1/target/lib"/*.jar; do
    libraries+=:$jar
  done
  printf '%s' "$main$libraries"
}

archive() { # module -> where its classes are kept ready for this Java; see ClassArchiveMain
  printf '%s' "$root/$1/target/classes-$(java_version "$java_home").jsa"
}

archive_classes() { # a tenth less work at each start; without it everything works too
  local file
  file=$(archive cutover-cli)
  rm -f "$root/cutover-cli/target"/classes-*.jsa
  "$java_home/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit="$file.next" -Xlog:disable \
    -cp "$(class_path cutover-cli)" dev.cutover.cli.ClassArchiveMain >/dev/null 2>&1 </dev/null &&
    mv "$file.next" "$file" || rm -f "$file.next"
}

build() {
  local one started=$root/$module/target/.building
  up_to_date && return 0 # another launcher may have built it while this one waited for the lock
  command -v mvn >/dev/null 2>&1 || fail "it is not built yet, and mvn was not found." "install Maven 3.8.7 or newer"
  printf 'cutover: building (once; about a minute) ...\n' >&2
  touch "$started"
  # A library of an older build must not stand beside the newer one: both would be on the class path.
  for one in "${runnable[@]}"; do
    rm -rf "$root/$one/target/lib"
  done
  (cd "$root" && JAVA_HOME=$java_home mvn -q -B -DskipTests -pl "$(IFS=,; printf '%s' "${runnable[*]}")" -am package >&2) </dev/null ||
    fail "the build failed; its output is above." "cd '$root' && mvn -B -DskipTests package"
  archive_classes
  # Stamped with the time before the build: a source saved during it is built next time.
  mv "$started" "$stamp"
}

mkdir -p "$root/$module/target"
if ! up_to_date; then
  if command -v flock >/dev/null 2>&1; then
    mkdir -p "$root/cutover-cli/target"
    exec 9>"$root/cutover-cli/target/.build-lock"
    flock 9
    build
    exec 9>&-
  else
    build
  fi
fi

start() { # main class and its words
  local shared=() file
  file=$(archive "$module")
  # An archive of other jars is refused by the JVM, but not without a word.
  if [ "$file" -nt "$root/$module/target/lib" ]; then
    shared=(-XX:SharedArchiveFile="$file")
  fi
  export CUTOVER_HOME=$root
  # shellcheck disable=SC2086 # CUTOVER_JAVA_OPTS holds several words
  exec "$java_home/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto ${shared[@]+"${shared[@]}"} \
    ${CUTOVER_JAVA_OPTS:-} -cp "$(class_path "$module")" "$@"
}
