package dev.cutover.core.stage;

import org.jspecify.annotations.Nullable;

/**
 * What is to be written into the history; the control database adds number, time and hash.
 *
 * @param actor who did it: a person and command, or a process
 * @param kind the verb, such as {@code stage} or {@code switch-claim}
 * @param summary one sentence for people
 * @param fromState the state left, as people call it; empty where none
 * @param toState the state reached
 * @param reason what the actor gave as a reason
 * @param detailJson JSON text, kept byte for byte
 */
public record EventDraft(
        String actor,
        String kind,
        String summary,
        String fromState,
        String toState,
        @Nullable String reason,
        @Nullable String detailJson) {}
