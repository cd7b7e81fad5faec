package dev.cutover.coupon.backoffice;

import dev.cutover.coupon.template.TemplateState;
import java.util.Set;

/** The legal moves of a template, and no others. */
enum TemplateMove {
    PUBLISH(TemplateState.PUBLISHING, TemplateState.DRAFT),
    /** Only by whoever has seen to it that the stock is cut in every database. */
    OPEN(TemplateState.PUBLISHED, TemplateState.PUBLISHING),
    PAUSE(TemplateState.PAUSED, TemplateState.PUBLISHED),
    RESUME(TemplateState.PUBLISHED, TemplateState.PAUSED),
    END(TemplateState.ENDED, TemplateState.PUBLISHED, TemplateState.PAUSED),
    ARCHIVE(TemplateState.ARCHIVED, TemplateState.ENDED, TemplateState.DRAFT);

    private final TemplateState to;
    private final Set<TemplateState> from;

    TemplateMove(TemplateState to, TemplateState... from) {
        this.to = to;
        this.from = Set.of(from);
    }

    TemplateState to() {
        return to;
    }

    boolean leavesFrom(TemplateState state) {
        return from.contains(state);
    }

    /** How the audit log names it. */
    String word() {
        return switch (this) {
            case PUBLISH -> "publish";
            case OPEN -> "published";
            case PAUSE -> "pause";
            case RESUME -> "resume";
            case END -> "end";
            case ARCHIVE -> "archive";
        };
    }
}
