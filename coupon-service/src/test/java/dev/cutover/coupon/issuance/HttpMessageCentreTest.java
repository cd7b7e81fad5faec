package dev.cutover.coupon.issuance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Message centres that break off at any place of their answer, on a real socket. */
final class HttpMessageCentreTest {
    private static final Duration PATIENCE = Duration.ofMillis(300);
    private static final MessageCentre.Message MESSAGE =
            new MessageCentre.Message("m-1", new IssuanceId(1), new TemplateId(2), List.of(7L));

    /** Says a part of an answer and then waits until its client goes away; whether it went. */
    private static CompletableFuture<Boolean> says(ServerSocket server, String part, ExecutorService threads) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try (Socket socket = server.accept()) {
                        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(10));
                        socket.getOutputStream().write(part.getBytes(StandardCharsets.US_ASCII));
                        InputStream asked = socket.getInputStream();
                        byte[] some = new byte[1024];
                        int read = 0;
                        while (read >= 0) {
                            read = asked.read(some);
                        }
                        return true;
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                },
                threads);
    }

    private static void hangsUpOn(String part) throws IOException, InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Boolean> gone = says(server, part, threads);
            HttpMessageCentre centre =
                    new HttpMessageCentre(URI.create("http://127.0.0.1:" + server.getLocalPort() + "/m"), PATIENCE);
            long began = System.nanoTime();
            assertThatThrownBy(() -> centre.deliver(MESSAGE)).isInstanceOf(MessageCentre.AwayException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
            assertThat(gone.get(10, TimeUnit.SECONDS)).isTrue();
        } catch (TimeoutException e) {
            throw new AssertionError("The connection was kept", e);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aCentreThatSaysNothingIsGivenUp() throws ExecutionException, IOException, InterruptedException {
        hangsUpOn("");
    }

    @Test
    void aCentreThatHangsInItsBodyIsGivenUpWithItsConnection()
            throws ExecutionException, IOException, InterruptedException {
        hangsUpOn("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\ntaken, bu");
    }
}
