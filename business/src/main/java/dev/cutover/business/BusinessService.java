package dev.cutover.business;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.cutover.business.campaign.Campaigns;
import dev.cutover.business.core.CouponCore;
import dev.cutover.business.grant.Grants;
import dev.cutover.business.http.BusinessServer;
import dev.cutover.business.tradein.TradeIns;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running instance of the modules. Safe for many threads. */
public final class BusinessService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BusinessService.class);
    private static final String SCHEMA = "/sql/business/business.sql";
    private static final int SESSIONS = 16;
    private static final Duration PACE = Duration.ofSeconds(1);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final BusinessServer server;

    private BusinessService(BusinessSettings settings, InstantSource clock, Duration unheard) {
        try {
            PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            opened.push(meters::close);
            Jdbi database = Jdbi.create(opening(pool(settings)));
            database.useHandle(handle -> handle.createScript(schema()).execute());
            CouponCore core = new CouponCore(settings.core(), settings.coreToken());
            Grants grants = new Grants(database, core, clock, meters);
            TradeIns tradeIns = new TradeIns(database, grants, core, clock);
            Campaigns campaigns = new Campaigns(database, grants, core, clock, new SecureRandom(), unheard);
            ScheduledExecutorService threads = Executors.newScheduledThreadPool(2, task -> {
                Thread thread = new Thread(task, "business-background");
                thread.setDaemon(true);
                return thread;
            });
            opened.push(threads::shutdownNow);
            var grantsUnused = threads.scheduleWithFixedDelay(
                    grants::tick, PACE.toMillis(), PACE.toMillis(), TimeUnit.MILLISECONDS);
            var campaignsUnused = threads.scheduleWithFixedDelay(
                    campaigns::tick, PACE.toMillis(), PACE.toMillis(), TimeUnit.MILLISECONDS);
            server = opening(BusinessServer.start(
                    settings.port(), tradeIns, campaigns, settings.token(), settings.webhookSecret(), clock, meters));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Opens an instance; it serves when this returns, and has made its tables where there were none.
     *
     * @param unheard how long nothing may be heard of a coupon before the coupon service is asked
     */
    public static BusinessService start(BusinessSettings settings, InstantSource clock, Duration unheard) {
        return new BusinessService(settings, clock, unheard);
    }

    private static HikariDataSource pool(BusinessSettings settings) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("business");
        config.setJdbcUrl("jdbc:mysql://" + settings.database());
        config.setUsername(settings.user());
        config.setPassword(settings.password());
        config.setMaximumPoolSize(SESSIONS);
        boolean loopback = settings.database().startsWith("127.0.0.1:");
        config.addDataSourceProperty("sslMode", loopback ? "DISABLED" : "PREFERRED");
        config.addDataSourceProperty("allowPublicKeyRetrieval", Boolean.toString(loopback));
        config.addDataSourceProperty(
                "socketTimeout", Long.toString(Duration.ofSeconds(30).toMillis()));
        config.addDataSourceProperty(
                "connectTimeout", Long.toString(Duration.ofSeconds(3).toMillis()));
        config.setConnectionTimeout(Duration.ofSeconds(3).toMillis());
        return new HikariDataSource(config);
    }

    private static String schema() {
        try (InputStream stream = Objects.requireNonNull(BusinessService.class.getResourceAsStream(SCHEMA), SCHEMA)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private <T extends AutoCloseable> T opening(T part) {
        opened.push(part);
        return part;
    }

    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            AutoCloseable part = opened.pop();
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("Closing {} failed", part.getClass().getSimpleName(), e);
            }
        }
    }
}
