package dev.cutover.core.row;

/** One column a projection fills. Immutable, safe for many threads. */
public final class TargetColumn {
    private final String name;
    private final TableSchema.Column schema;
    private final boolean key;
    private final boolean compared;
    private final Notation notation;

    TargetColumn(String name, TableSchema.Column schema, boolean key, boolean compared, Notation notation) {
        this.name = name;
        this.schema = schema;
        this.key = key;
        this.compared = compared;
        this.notation = notation;
    }

    public String name() {
        return name;
    }

    /** Its type on the target. */
    public TableSchema.Column schema() {
        return schema;
    }

    /** Whether it belongs to the target's key. */
    public boolean key() {
        return key;
    }

    /** Whether both sides must agree on it; {@code onlyNew} columns are written only. */
    public boolean compared() {
        return compared;
    }

    Notation notation() {
        return notation;
    }

    @Override
    public String toString() {
        return name + " " + schema.columnType();
    }
}
