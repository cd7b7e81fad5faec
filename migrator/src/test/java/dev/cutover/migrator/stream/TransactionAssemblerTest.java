package dev.cutover.migrator.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.migrator.stream.WatchedTables.TableName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TransactionAssemblerTest {
    private static final String SERVER = "b434c851-e60c-11f1-ac1f-02fc00000001";
    private static final MigrationPlan PLAN = PlanReader.parse("""
            apiVersion: cutover/v1
            migration: test
            strategy: rolling
            old: {url: 'jdbc:mysql://127.0.0.1:3306/mall', user: u, password: p}
            new:
              user: u
              password: p
              meta: jdbc:mysql://127.0.0.1:3307/meta
              databases: ['jdbc:mysql://127.0.0.1:3307/db_{0..1}']
              sharding: {key: user_id, tables: 4}
            control: {url: 'jdbc:mysql://127.0.0.1:3307/ctl'}
            tables:
              - name: kind
                kind: static
                from: {table: kind, key: [id]}
                key: {id: "{id}"}
                columns: {name: s.name}
              - name: person
                kind: dynamic
                from: {table: person, key: [id]}
                joins: [{table: kind, as: k, on: "k.id = s.kind_id", change: stop}]
                shardBy: user_id
                key: {id: "({id} << 10) | {shard}"}
                columns: {user_id: s.user_id, phone: s.phone, discount: k.discount}
                backKey: {id: "{id} >> 10"}
                back: {user_id: n.user_id, phone: n.phone}
            """, "test.yaml", true);

    private final TransactionAssembler assembler = forward(Integer.MAX_VALUE);

    @Test
    void handsOnATransactionOnlyWhenItsEndWasSeen() {
        assertThat(assembler.take(begin(5))).isEmpty();
        assertThat(assembler.take(person(5, null, row(1, 9)))).isEmpty();
        SourceTransaction transaction = assembler.take(end(5)).orElseThrow();
        assertThat(transaction.complete()).isTrue();
        assertThat(transaction.keys())
                .containsExactly(
                        new ChangedKey("person", RowKey.of(1), PLAN.layout().slot(9)));
        assertThat(transaction.position().toString()).isEqualTo(SERVER + ":1-5");
    }

    @Test
    void aChangedShardKeyDirtiesBothPlacesAndAnUnchangedOneOnlyOne() {
        assembler.take(begin(5));
        assembler.take(person(5, row(1, 9), row(1, 10)));
        assembler.take(person(5, row(2, 9), row(2, 9)));
        assembler.take(person(5, row(3, 9), row(3, null)));
        List<ChangedKey> keys = assembler.take(end(5)).orElseThrow().keys();
        int nine = PLAN.layout().slot(9);
        assertThat(keys)
                .containsExactly(
                        new ChangedKey("person", RowKey.of(1), nine),
                        new ChangedKey("person", RowKey.of(1), PLAN.layout().slot(10)),
                        new ChangedKey("person", RowKey.of(2), nine),
                        new ChangedKey("person", RowKey.of(3), nine),
                        new ChangedKey("person", RowKey.of(3), ChangedKey.NO_ROUTE));
    }

    @Test
    void aTransactionTooBigToHoldComesInPartsThatDoNotMoveThePosition() {
        TransactionAssembler small = forward(2);
        small.take(begin(5));
        small.take(person(5, null, row(1, 1)));
        Optional<SourceTransaction> part = small.take(person(5, null, row(2, 2)));
        assertThat(part.orElseThrow().complete()).isFalse();
        assertThat(part.orElseThrow().position().toString()).isEqualTo(SERVER + ":1-4");
        small.take(person(5, null, row(3, 3)));
        assertThat(small.take(end(5)).orElseThrow().keys()).hasSize(1);
    }

    @Test
    void aRowOutsideOfATransactionStopsTheStreamAsXa() {
        assertThatThrownBy(() -> assembler.take(person(null, null, row(1, 1))))
                .isInstanceOf(StreamStoppedException.class)
                .hasMessageContaining("XA");
    }

    @Test
    void aTransactionOfAnUnknownServerStopsTheStream() {
        assertThatThrownBy(() -> assembler.take(
                        new BinlogRecord.Begin("00000000-0000-0000-0000-000000000001:1", SERVER + ":1-4")))
                .isInstanceOf(StreamStoppedException.class)
                .hasMessageContaining("unknown server 00000000-0000-0000-0000-000000000001");
    }

    @Test
    void aLookedUpColumnStopsTheStreamAndACounterBesideItDoesNot() {
        assembler.take(begin(5));
        Map<String, Object> before = Map.of("id", 1, "name", "a", "discount", 5, "used", 1);
        assembler.take(kind(before, Map.of("id", 1, "name", "a", "discount", 5, "used", 2)));
        assertThatThrownBy(() -> assembler.take(kind(before, Map.of("id", 1, "name", "a", "discount", 6, "used", 1))))
                .isInstanceOf(StreamStoppedException.class)
                .hasMessageContaining("[discount]")
                .hasMessageContaining("mall.kind");
    }

    @Test
    void aRowThatComesToAFrozenTableStopsTheStream() {
        assembler.take(begin(5));
        assertThatThrownBy(() -> assembler.take(kind(null, Map.of("id", 2, "name", "b", "discount", 1))))
                .isInstanceOf(StreamStoppedException.class)
                .hasMessageContaining("inserted into the frozen table mall.kind");
    }

    @Test
    void aDefinitionChangeStopsTheStreamUnlessItWasAccepted() {
        BinlogRecord ddl = new BinlogRecord.Ddl(SERVER + ":6", "mall", "ALTER TABLE person ADD x INT");
        assertThatThrownBy(() -> assembler.take(ddl))
                .isInstanceOf(StreamStoppedException.class)
                .hasMessageContaining("ALTER TABLE person ADD x INT")
                .hasMessageContaining("accept_ddl");
        TransactionAssembler accepting = new TransactionAssembler(
                "old", WatchedTables.forward(PLAN), Set.of(SERVER), Set.of(SERVER + ":6")::contains, 10);
        assertThat(accepting.take(ddl)).isEmpty();
    }

    @Test
    void truncateStopsTheStream() {
        assertThatThrownBy(
                        () -> assembler.take(new BinlogRecord.Truncate(SERVER + ":5", new TableName("mall", "person"))))
                .isInstanceOf(StreamStoppedException.class)
                .hasMessageContaining("mall.person was truncated");
    }

    @Test
    void inReverseAChangedShardKeyStopsTheStreamByName() {
        ServerAddress server = new ServerAddress(
                "new-0", "127.0.0.1", 3307, List.of(DatabaseId.META, DatabaseId.shard(0), DatabaseId.shard(1)));
        TransactionAssembler reverse = new TransactionAssembler(
                "new-0", WatchedTables.reverse(PLAN, server), Set.of(SERVER), gtid -> false, 10);
        TableName table = new TableName("db_1", "person_002");
        reverse.take(begin(5));
        reverse.take(new BinlogRecord.Row(SERVER + ":5", table, image(row(1030, 7)), image(row(1030, 7))));
        assertThatThrownBy(() -> reverse.take(
                        new BinlogRecord.Row(SERVER + ":5", table, image(row(1030, 7)), image(row(1030, 8)))))
                .isInstanceOf(StreamStoppedException.class)
                .hasMessageContaining("db_1.person_002")
                .hasMessageContaining("user_id");
        assertThat(reverse.take(end(5)).orElseThrow().keys())
                .containsExactly(new ChangedKey("person", RowKey.of(1030), 6));
    }

    private static TransactionAssembler forward(int maxKeys) {
        return new TransactionAssembler("old", WatchedTables.forward(PLAN), Set.of(SERVER), gtid -> false, maxKeys);
    }

    private static BinlogRecord begin(int number) {
        return new BinlogRecord.Begin(SERVER + ":" + number, SERVER + ":1-" + (number - 1));
    }

    private static BinlogRecord end(int number) {
        return new BinlogRecord.End(SERVER + ":" + number);
    }

    private static Map<String, Object> row(int id, @Nullable Integer userId) {
        return userId == null ? Map.of("id", id) : Map.of("id", id, "user_id", userId);
    }

    private static BinlogRecord person(
            @Nullable Integer number, @Nullable Map<String, Object> before, @Nullable Map<String, Object> after) {
        return new BinlogRecord.Row(
                number == null ? null : SERVER + ":" + number,
                new TableName("mall", "person"),
                image(before),
                image(after));
    }

    private static BinlogRecord kind(@Nullable Map<String, Object> before, Map<String, Object> after) {
        return new BinlogRecord.Row(SERVER + ":5", new TableName("mall", "kind"), image(before), image(after));
    }

    private static BinlogRecord.@Nullable RowImage image(@Nullable Map<String, Object> values) {
        return values == null ? null : values::get;
    }
}
