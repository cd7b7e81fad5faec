package dev.cutover.core.row;

/** So many rows at once would not fit where they are to be held; fewer may. */
public final class RowsTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RowsTooLargeException(String message) {
        super(message);
    }
}
