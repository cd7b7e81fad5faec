package dev.cutover.core.plan;

import dev.cutover.core.CutoverException;
import java.util.List;
import java.util.stream.Collectors;

/** A plan file was refused; carries every problem found, in the order of the file. */
public final class PlanInvalidException extends CutoverException {
    private final String file;
    private final transient List<Problem> problems;

    public PlanInvalidException(String file, List<Problem> problems) {
        super(problems.stream()
                .map(problem -> problem.describe(file))
                .collect(Collectors.joining(
                        "\n",
                        "The plan has " + problems.size() + (problems.size() == 1 ? " problem:\n" : " problems:\n"),
                        "")));
        this.file = file;
        this.problems = List.copyOf(problems);
    }

    public String file() {
        return file;
    }

    public List<Problem> problems() {
        return problems;
    }
}
