package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SystemLibrariesTest {
    @Test
    void readsWhatIsMissingFromTheListOfTheLinker() {
        String list = "\tlibpthread.so.0 => /lib/x86_64-linux-gnu/libpthread.so.0 (0x00007ff527e8b000)\n"
                + "\tlibaio.so.1 => not found\n\tlibnuma.so.1 => not found\n";
        assertThat(SystemLibraries.notFound(list)).containsExactly("libaio.so.1", "libnuma.so.1");
    }

    @Test
    void saysWhatToType() {
        assertThat(SystemLibraries.whatToType(new TreeSet<>(Set.of("libaio.so.1", "libnuma.so.1"))))
                .startsWith("Type: sudo apt-get install libaio1 libnuma1 ");
        assertThat(SystemLibraries.whatToType(Set.of("libsurprise.so.9"))).contains("libsurprise.so.9");
    }

    @Test
    void takesALibraryWhoseNameGotASuffixForTheOneThatIsMissing(@TempDir Path unpacked) throws IOException {
        Path libraries = Files.createDirectories(unpacked.resolve("usr/lib/x86_64-linux-gnu"));
        Files.writeString(libraries.resolve("libaio.so.1t64.0.2"), "");
        Files.createSymbolicLink(libraries.resolve("libaio.so.1t64"), Path.of("libaio.so.1t64.0.2"));
        Files.writeString(libraries.resolve("libaio.so.10"), "");
        assertThat(SystemLibraries.search(unpacked, "libaio.so.1"))
                .first()
                .isEqualTo(libraries.resolve("libaio.so.1t64"));
    }
}
