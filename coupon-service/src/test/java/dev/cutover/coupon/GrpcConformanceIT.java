package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.v1.ClaimRequest;
import dev.cutover.coupon.v1.ClaimResponse;
import dev.cutover.coupon.v1.ClaimServiceGrpc;
import dev.cutover.coupon.v1.CodeChunk;
import dev.cutover.coupon.v1.CodeServiceGrpc;
import dev.cutover.coupon.v1.CouponStatus;
import dev.cutover.coupon.v1.ExportCodesRequest;
import dev.cutover.coupon.v1.GetIssuanceRequest;
import dev.cutover.coupon.v1.Issuance;
import dev.cutover.coupon.v1.IssuanceServiceGrpc;
import dev.cutover.coupon.v1.IssuanceState;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What every transport promises, over gRPC, and what only calls have. */
final class GrpcConformanceIT extends TransportConformance {
    @Override
    Transport open(int port) {
        return new GrpcTransport(port);
    }

    @Override
    int tooLarge() {
        return (4 << 20) + 1000;
    }

    @Override
    Map<String, String> outOfReach() {
        String none = "gRPC has words of its own for what is no call";
        String routeOnly = "the route has no call";
        return Map.ofEntries(
                Map.entry("parameter_unknown", "a message has no field that its reader does not know of"),
                Map.entry("route_not_found", none),
                Map.entry("method_not_allowed", none),
                Map.entry("request_refused", none),
                Map.entry("app_not_found", routeOnly),
                Map.entry("token_not_found", routeOnly),
                Map.entry("recall_state_conflict", routeOnly),
                Map.entry("webhook_not_found", routeOnly),
                Map.entry("cache_build_not_found", routeOnly),
                Map.entry("cache_task_not_found", routeOnly),
                Map.entry("cache_task_state_conflict", routeOnly),
                Map.entry("overloaded", LANES));
    }

    private GrpcTransport grpc() {
        return (GrpcTransport) transport;
    }

    @Test
    void aGeneratedStubClaims() {
        long user = mall.user();
        Metadata token = new Metadata();
        token.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + ADMIN);
        ClaimResponse answer = ClaimServiceGrpc.newBlockingStub(grpc().channel())
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(token))
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .claim(ClaimRequest.newBuilder()
                        .setRequestNo(UUID.randomUUID().toString())
                        .setUserId(user)
                        .addItems(ClaimRequest.Item.newBuilder().setTemplateId("tpl_" + mall.template(10, 0)))
                        .build());
        assertThat(answer.getUserId()).isEqualTo(user);
        assertThat(answer.getCoupons(0).getStatus()).isEqualTo(CouponStatus.COUPON_STATUS_AVAILABLE);
        assertThat(answer.getValidToMs() - answer.getClaimedAtMs()).isGreaterThan(TimeUnit.DAYS.toMillis(2));
    }

    private Metadata administrator() {
        Metadata metadata = new Metadata();
        metadata.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + ADMIN);
        metadata.put(Metadata.Key.of("x-operator", Metadata.ASCII_STRING_MARSHALLER), "ann");
        return metadata;
    }

    @Test
    void anExportHasTheBytesOfTheRouteAndIsWrittenDownLikeIt() {
        String batch = done(send(
                        "CodeService/CreateCodeBatch",
                        "{\"batch_no\":\"stream\",\"template_id\":\"" + template("") + "\",\"count\":12000}"))
                .text("/id");
        Awaitility.await()
                .atMost(20, TimeUnit.SECONDS)
                .until(() -> send("CodeService/GetCodeBatch", "{\"id\":\"" + batch + "\"}")
                        .text("/state")
                        .endsWith("READY"));
        AtomicReference<Metadata> headers = new AtomicReference<>();
        CodeServiceGrpc.CodeServiceBlockingStub stub = CodeServiceGrpc.newBlockingStub(grpc().channel())
                .withInterceptors(
                        MetadataUtils.newAttachHeadersInterceptor(administrator()),
                        MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
        ByteString whole = ByteString.EMPTY;
        int parts = 0;
        for (Iterator<CodeChunk> chunks = stub.exportCodes(
                        ExportCodesRequest.newBuilder().setId(batch).build());
                chunks.hasNext();
                parts++) {
            whole = whole.concat(chunks.next().getData());
        }
        assertThat(parts).isEqualTo(3);
        assertThat(whole.toStringUtf8().lines()).hasSize(12_001);
        HttpResponse<String> route = rest.raw(
                "GET",
                "/v1/code_batches/" + batch + "/export?reason=compared",
                "",
                Map.of("Authorization", "Bearer " + ADMIN, "X-Operator", "ann"));
        assertThat(whole.toStringUtf8()).isEqualTo(route.body());
        assertThat(Objects.requireNonNull(headers.get())
                        .get(Metadata.Key.of("x-content-sha256", Metadata.ASCII_STRING_MARSHALLER)))
                .isEqualTo(route.headers().firstValue("x-content-sha256").orElseThrow());
        assertThat(mall.number(
                        DatabaseId.META,
                        "SELECT COUNT(*) * (COUNT(DISTINCT exported_by, sha256) = 1) FROM coupon_code_export WHERE batch_id = ?",
                        Long.parseLong(batch.substring("cbt_".length()))))
                .isEqualTo(2);
        assertThat(send("CodeService/ExportCodes", "{\"id\":\"" + batch + "\"}").code())
                .as("once more, and no reason")
                .isEqualTo("code_batch_state_conflict");
    }

    @Test
    void anIssuanceIsWatchedUntilItIsOver() {
        String id = done(send(
                        "IssuanceService/CreateIssuance",
                        "{\"issuance_no\":\"watched\",\"template_id\":\"" + template("")
                                + "\",\"audience\":{\"upload\":\"csv\"}}"))
                .text("/id");
        Iterator<Issuance> told = IssuanceServiceGrpc.newBlockingStub(grpc().channel())
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(administrator()))
                .watchIssuance(GetIssuanceRequest.newBuilder().setId(id).build());
        assertThat(told.next().getState()).isEqualTo(IssuanceState.ISSUANCE_STATE_AWAITING_AUDIENCE);
        done(send("IssuanceService/CancelIssuance", "{\"id\":\"" + id + "\"}"));
        Issuance last = Issuance.getDefaultInstance();
        while (told.hasNext()) {
            last = told.next();
        }
        assertThat(last.getState()).isEqualTo(IssuanceState.ISSUANCE_STATE_CANCELLED);
        assertThat(send("IssuanceService/WatchIssuance", "{\"id\":\"iss_999\"}").code())
                .isEqualTo("issuance_not_found");
    }

    @Test
    void healthIsToldWithoutAToken() {
        assertThat(HealthGrpc.newBlockingStub(grpc().channel())
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    }

    @Test
    void aCallWhoseDeadlineIsOverIsToldSo() {
        Transport.Reply late = grpc().call(
                        claim(mall.user(), mall.template(10, 0), 1, key()).with("authorization", "Bearer " + ADMIN),
                        CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.NANOSECONDS));
        assertThat(late.status()).isEqualTo("DEADLINE_EXCEEDED");
    }

    @Test
    void whatWaitsForALockEndsWithItsCallersPatienceAndLeavesNothing() throws SQLException {
        long user = mall.user();
        long template = mall.template(10, 0);
        Transport.Call claim = claim(user, template, 1, "patience").with("authorization", "Bearer " + ADMIN);
        ShardLayout layout = mall.topology.plan().layout();
        int slot = layout.slot(user);
        DatabaseId shard = DatabaseId.shard(layout.databaseOf(slot));
        try (Connection holder = mall.topology.pinned(shard);
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("INSERT INTO " + layout.physicalTable("coupon_operation", slot)
                    + " (user_id, op_id, fingerprint, result, created_at) VALUES (" + user
                    + ", 'claim:patience', '', '{}', 0)");
            CompletableFuture<Transport.Reply> late = CompletableFuture.supplyAsync(
                    () -> grpc().call(claim, CallOptions.DEFAULT.withDeadlineAfter(2, TimeUnit.SECONDS)));
            Awaitility.await().until(() -> waiting(shard) == 1);
            // InnoDB would wait for fifty seconds.
            Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> waiting(shard) == 0);
            // Both clocks ring at the same time; what the server said may come before the client has given up.
            assertThat(late.join().status()).isIn("DEADLINE_EXCEEDED", "UNAVAILABLE");
            holder.rollback();
        }
        assertThat(mall.issued(Side.NEW, template)).isZero();
        done(grpc().call(claim, CallOptions.DEFAULT));
        assertThat(mall.issued(Side.NEW, template)).isOne();
    }

    private long waiting(DatabaseId shard) throws SQLException {
        return mall.number(shard, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'");
    }
}
