package dev.cutover.core.plan;

import java.util.List;

/**
 * Whether the fence is to hold those, too, who do not ask it.
 *
 * @param triggers whether triggers on the migrated tables must stand before a switch
 * @param exempt accounts that pass the triggers of a replica; empty lets pass the sessions Cutover has opened
 */
public record FencePlan(boolean triggers, List<String> exempt) {
    public static final FencePlan DEFAULTS = new FencePlan(false, List.of());

    public FencePlan {
        exempt = List.copyOf(exempt);
    }
}
