package dev.cutover.coupon.backoffice;

import java.util.List;

/** A template cannot be like this; nothing was changed, and every problem is listed. */
public final class RulesBrokenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<RuleProblem> problems;

    public RulesBrokenException(List<RuleProblem> problems) {
        super(
                problems.size() == 1
                        ? problems.get(0).sentence()
                        : problems.size() + " fields are not as they have to be; see details.",
                null,
                false,
                false);
        this.problems = List.copyOf(problems);
    }

    public List<RuleProblem> problems() {
        return problems;
    }
}
