package dev.cutover.migrator.preflight;

import dev.cutover.migrator.Finding;
import dev.cutover.migrator.Finding.Severity;
import java.util.ArrayList;
import java.util.List;

/** Collects the findings of one check. Owned by one thread. */
final class Findings {
    private final String check;
    private final List<Finding> all = new ArrayList<>();

    Findings(String check) {
        this.check = check;
    }

    void ok(String subject, String message) {
        all.add(new Finding(check, Severity.OK, subject, message, ""));
    }

    void warning(String subject, String message, String fix) {
        all.add(new Finding(check, Severity.WARNING, subject, message, fix));
    }

    void fail(String subject, String message, String fix) {
        all.add(new Finding(check, Severity.FAIL, subject, message, fix));
    }

    /** Fails when there is a message for it, else says that it is fine. */
    void require(boolean fine, String subject, String good, String bad, String fix) {
        if (fine) {
            ok(subject, good);
        } else {
            fail(subject, bad, fix);
        }
    }

    List<Finding> all() {
        return List.copyOf(all);
    }
}
