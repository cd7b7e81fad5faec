package dev.cutover.business;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the environment says; secrets are in files.
 *
 * @param port 0 for any free one
 * @param database {@code host:port/schema}, which is there
 * @param core where the coupon service answers calls
 * @param coreToken of the application that the modules are to it
 * @param token what the mall calls the modules with
 * @param webhookSecret of the webhook that tells {@code /v1/coupon_events}
 */
public record BusinessSettings(
        int port,
        String database,
        String user,
        String password,
        URI core,
        String coreToken,
        String token,
        String webhookSecret) {
    static final int USUAL_PORT = 8090;
    private static final int HIGHEST_PORT = 65_535;

    @Override
    public String toString() {
        return "port " + port + ", database " + database + ", user " + user + ", core " + core;
    }

    /** All settings; throws {@link IllegalArgumentException} with every problem at once. */
    static BusinessSettings read(Map<String, String> environment) {
        List<String> problems = new ArrayList<>();
        String port = environment.getOrDefault("BUSINESS_PORT", Integer.toString(USUAL_PORT));
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > HIGHEST_PORT) {
            problems.add("BUSINESS_PORT is '" + port + "': use a port from 0 (any free one) to " + HIGHEST_PORT);
        }
        String database = environment.getOrDefault("BUSINESS_DATABASE", "");
        if (!database.matches("[A-Za-z0-9._-]+:[0-9]{1,5}/[A-Za-z0-9_$-]+")) {
            problems.add("BUSINESS_DATABASE is '" + database + "': use host:port/schema");
        }
        String core = environment.getOrDefault("COUPON_ADDRESS", "http://127.0.0.1:8080");
        if (!core.matches("https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")) {
            problems.add("COUPON_ADDRESS is '" + core + "': use http://host:port or https://host:port");
        }
        String user = environment.getOrDefault("BUSINESS_USER", "");
        if (user.isBlank()) {
            problems.add("BUSINESS_USER is not set: name an account of MySQL");
        }
        String password = secret(environment, "BUSINESS_PASSWORD_FILE", problems);
        String coreToken = secret(environment, "COUPON_TOKEN_FILE", problems);
        String token = secret(environment, "BUSINESS_TOKEN_FILE", problems);
        String webhookSecret = secret(environment, "COUPON_WEBHOOK_SECRET_FILE", problems);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "The environment of this instance is not right: " + String.join("; ", problems) + ".");
        }
        return new BusinessSettings(
                Integer.parseInt(port), database, user, password, URI.create(core), coreToken, token, webhookSecret);
    }

    private static String secret(Map<String, String> environment, String name, List<String> problems) {
        String file = environment.getOrDefault(name, "");
        try {
            String text = file.isBlank() ? "" : Files.readString(Path.of(file)).strip();
            if (text.isEmpty()) {
                problems.add(name + " names no file with a secret in it");
            }
            return text;
        } catch (IOException e) {
            problems.add(name + " names a file that cannot be read: '" + file + "'");
            return "";
        }
    }
}
