package dev.cutover.migrator.apply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.row.RowKey;
import dev.cutover.migrator.stream.ChangedKey;
import dev.cutover.migrator.stream.SourceTransaction;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BatchTest {
    private static final String SERVER = "b434c851-e60c-11f1-ac1f-02fc00000001";

    @Test
    void aKeyThatChangesManyTimesIsReadOnceAndRemembersEveryPlace() {
        Batch batch = new Batch();
        ChangedKey here = new ChangedKey("person", RowKey.of(1), 3);
        ChangedKey there = new ChangedKey("person", RowKey.of(1), 7);
        batch.add(transaction(5), List.of(here, here));
        batch.add(transaction(6), List.of(there));
        assertThat(batch.keys()).isEqualTo(1);
        assertThat(batch.dirty()).isEqualTo(Map.of("person", Map.of(RowKey.of(1), Set.of(3, 7))));
    }

    @Test
    void onlyTransactionsThatDirtyItAreWaitedForButTheLastOneGivesThePosition() {
        Batch batch = new Batch();
        batch.add(transaction(5), List.of(new ChangedKey("person", RowKey.of(1), 3)));
        batch.add(transaction(6), List.of());
        assertThat(batch.gtids()).isEqualTo(SERVER + ":5");
        assertThat(batch.last()).isEqualTo(transaction(6));
    }

    private static SourceTransaction transaction(int number) {
        return new SourceTransaction(SERVER + ":" + number, SERVER + ":1-" + (number - 1), List.of(), List.of(), true);
    }
}
