package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.core.stage.Register;
import java.util.List;

/**
 * What a step did.
 *
 * @param register where the migration stands now
 * @param sentence what was done
 * @param details more lines for people
 * @param facts the same for scripts
 */
public record Outcome(Register register, String sentence, List<String> details, ObjectNode facts) {
    public Outcome {
        details = List.copyOf(details);
    }

    static Outcome of(Register register, String sentence) {
        return new Outcome(register, sentence, List.of(), Json.object());
    }
}
