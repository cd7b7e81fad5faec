package dev.cutover.chaos.bank;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An instance of the bank as a process: environment in, one line with its address out, requests until it is killed. */
public final class BankServiceMain {
    /** What the line on standard output begins with. */
    public static final String READY = "bank ready on ";

    private static final Logger LOG = LoggerFactory.getLogger(BankServiceMain.class);
    private static final int THREADS = 24;

    private BankServiceMain() {}

    public static void main(String[] arguments) throws IOException {
        // Else an answer waits 40 ms for an acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Map<String, String> environment = System.getenv();
        MigrationPlan plan = PlanReader.read(Path.of(environment.getOrDefault("CUTOVER_CONFIG", "cutover.yaml")));
        String instance = environment.getOrDefault("BANK_INSTANCE", "bank");
        Duration budget = Duration.ofMillis(Long.parseLong(environment.getOrDefault("BANK_BUDGET_MILLIS", "5000")));
        Topology topology = Topology.open(plan, "bank");
        DualWriteProxy proxy = DualWriteProxy.open(
                topology,
                new MySqlControlDatabase(topology.control()),
                ProxyOptions.of(instance),
                new SimpleMeterRegistry());
        Bank bank = new Bank(proxy, topology, budget);
        ObjectMapper json = new ObjectMapper();
        HttpServer server = HttpServer.create(
                new InetSocketAddress(
                        InetAddress.getLoopbackAddress(), Integer.parseInt(environment.getOrDefault("BANK_PORT", "0"))),
                0);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", exchange -> serve(bank, json, exchange));
        server.start();
        System.out.println(READY + "http://127.0.0.1:" + server.getAddress().getPort());
    }

    private static void serve(Bank bank, ObjectMapper json, HttpExchange exchange) throws IOException {
        try (exchange) {
            Answer answer;
            try {
                answer = bank.answer(json.readValue(exchange.getRequestBody(), Call.class));
            } catch (RuntimeException e) {
                LOG.error("A request failed", e);
                answer = Answer.again(e.toString());
            }
            byte[] body = json.writeValueAsBytes(answer);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
