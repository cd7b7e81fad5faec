package dev.cutover.migrator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a worker writes into its lease, so that the next one on the same machine need not wait for the lease of a process that was killed.
 *
 * <p>A process is taken for gone only where its absence proves it: the same boot of the same kernel, the same process namespace and the same
 * user, who sees all processes of his own. A number that another process has got meanwhile was begun at another time. Everywhere else, and
 * wherever the system does not tell, the lease has to run out.
 */
final class LeaseOwner {
    private static final Pattern MARK = Pattern.compile("(.*) @(\\S+) (\\d{1,18}) (\\d{1,18})");
    private static final int LONGEST = 200;
    // The 22nd, counted from behind the name, which is the second.
    private static final int START_FIELD = 19;
    private static final String UNKNOWN = "";

    private LeaseOwner() {}

    /** The name of this process; the instance alone where the machine does not tell which it is. */
    static String ofThisProcess(String instanceId) {
        return named(instanceId, machine(), ProcessHandle.current().pid());
    }

    static String named(String instanceId, String machine, long pid) {
        String mark = machine.equals(UNKNOWN)
                ? ""
                : begun(pid)
                        .map(begun -> " @" + machine + " " + pid + " " + begun)
                        .orElse("");
        int room = LONGEST - mark.length();
        return (instanceId.length() <= room ? instanceId : instanceId.substring(0, room)) + mark;
    }

    /** Whether the process that wrote this is certainly gone. */
    static boolean gone(String owner) {
        return gone(owner, machine());
    }

    static boolean gone(String owner, String machine) {
        Matcher mark = MARK.matcher(owner);
        if (machine.equals(UNKNOWN) || !mark.matches() || !mark.group(2).equals(machine)) {
            return false;
        }
        long pid = Long.parseLong(mark.group(3));
        if (ProcessHandle.of(pid).isEmpty()) {
            return true;
        }
        // Another process with its number; one that does not tell when it began may be the very same.
        Optional<String> begun = begun(pid);
        return begun.isPresent() && !begun.get().equals(mark.group(4));
    }

    // In ticks since the boot, as the kernel counts them: what Java makes of them moves with the clock.
    private static Optional<String> begun(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return fields.length > START_FIELD ? Optional.of(fields[START_FIELD]) : Optional.empty();
        } catch (IOException notTold) {
            return Optional.empty();
        }
    }

    static String machine() {
        try {
            String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"), StandardCharsets.US_ASCII)
                    .strip();
            String namespace =
                    Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
            String user = Files.getOwner(Path.of("/proc/self")).getName();
            String machine = boot + "/" + namespace + "/" + user;
            return machine.matches("\\S{1,120}") ? machine : UNKNOWN;
        } catch (IOException | UnsupportedOperationException notTold) {
            return UNKNOWN;
        }
    }
}
