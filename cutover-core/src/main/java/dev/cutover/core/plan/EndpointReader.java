package dev.cutover.core.plan;

import dev.cutover.core.topology.Identifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** Reads where the databases are and how to log in. Owned by one thread. */
final class EndpointReader {
    private static final Pattern URL =
            Pattern.compile("jdbc:mysql://([A-Za-z0-9_.-]+|\\[[0-9A-Fa-f:.]+\\]):(\\d{1,5})/([^/?#]+)");
    private static final Pattern RANGE = Pattern.compile("\\{(\\d{1,4})\\.\\.(\\d{1,4})\\}");
    private static final String SHAPE = "Write jdbc:mysql://host:port/schema.";

    private final Problems problems;
    private final boolean inlineSecretsAllowed;
    private final Map<String, String> addresses = new LinkedHashMap<>();

    EndpointReader(Problems problems, boolean inlineSecretsAllowed) {
        this.problems = problems;
        this.inlineSecretsAllowed = inlineSecretsAllowed;
    }

    /** Who logs in. */
    record Login(String user, Secret password) {
        static final Login NOBODY = new Login("nobody", Secret.of(""));
    }

    Login login(Section section, @Nullable Login fallback) {
        if (fallback != null && !section.has("user") && !section.has("password")) {
            return fallback;
        }
        String user = fallback != null && !section.has("user") ? fallback.user() : section.text("user");
        if (fallback != null && !section.has("password")) {
            return new Login(user, fallback.password());
        }
        return new Login(user, password(section));
    }

    private Secret password(Section section) {
        if (!section.has("password")) {
            problems.add(
                    section.node(),
                    "A password is missing.",
                    "Write password: {env: VARIABLE}, {file: /path} or {command: [word, …]}.");
            return Secret.of("");
        }
        if (section.nodeOf("password") instanceof ScalarNode literal) {
            if (!inlineSecretsAllowed) {
                problems.add(
                        literal,
                        "A password may not stand in the plan.",
                        "Write password: {env: VARIABLE}, {file: /path} or {command: [word, …]}.");
            }
            return Secret.of(literal.getValue());
        }
        Section source = section.section("password");
        if (source == null) {
            return Secret.of("");
        }
        Secret secret = Secret.of("");
        int sources = 0;
        if (source.has("env")) {
            secret = Secret.ofEnvironment(source.text("env"));
            sources++;
        }
        if (source.has("file")) {
            secret = Secret.ofFile(Path.of(source.text("file")));
            sources++;
        }
        if (source.has("command")) {
            List<String> words =
                    source.texts("command").stream().map(ScalarNode::getValue).toList();
            if (words.isEmpty()) {
                problems.add(source.nodeOf("command"), "The password command has no words.");
            } else {
                secret = Secret.ofCommand(words);
            }
            sources++;
        }
        source.finish();
        if (sources != 1) {
            problems.add(source.node(), "A password has exactly one source.", "Keep one of env, file and command.");
        }
        return secret;
    }

    /** One endpoint; a stand-in when the address is refused. */
    Endpoint endpoint(String name, Node at, String url, Login login) {
        Endpoint broken = new Endpoint(name, "refused", 1, "refused", login.user(), login.password());
        if (url.isEmpty() || refused(at, url)) {
            return broken;
        }
        Matcher matcher = URL.matcher(url);
        if (!matcher.matches()) {
            // Not shown: what stands in front of an @ may be a password.
            problems.add(at, url.contains("@") ? "This is not an address." : "'" + url + "' is not an address.", SHAPE);
            return broken;
        }
        int port = Integer.parseInt(matcher.group(2));
        String schema = matcher.group(3);
        if (port < 1 || port > 65535) {
            problems.add(at, "The port " + port + " does not exist.", "A port is 1 to 65535.");
            return broken;
        }
        if (!Identifier.isValid(schema)) {
            problems.add(
                    at, "'" + schema + "' is not a usable schema name.", "Use 1 to 64 letters, digits, '_' or '$'.");
            return broken;
        }
        String address = matcher.group(1) + ":" + port + "/" + schema;
        String other = addresses.putIfAbsent(address, name);
        if (other != null) {
            problems.add(at, "The database " + address + " is named twice, as " + other + " and as " + name + ".");
        }
        return new Endpoint(name, matcher.group(1), port, schema, login.user(), login.password());
    }

    private boolean refused(Node at, String url) {
        int question = url.indexOf('?');
        if (question >= 0) {
            for (String parameter : url.substring(question + 1).split("[&]", -1)) {
                String key = parameter.replaceAll("=.*", "");
                problems.add(
                        at,
                        "The parameter '" + key
                                + "' may not stand in an address: Cutover pins every setting of its sessions itself.",
                        SHAPE);
            }
            return true;
        }
        if (url.startsWith("jdbc:") && !url.startsWith("jdbc:mysql://")) {
            problems.add(
                    at, "Only a plain jdbc:mysql:// address is taken, without load balancing or replication.", SHAPE);
            return true;
        }
        String hosts = url.replaceFirst("^jdbc:mysql://", "").replaceFirst("/.*", "");
        if (hosts.contains(",") && !hosts.contains("@")) {
            problems.add(
                    at,
                    "Several hosts stand in one address, but rows are read again from the very server that wrote them.",
                    SHAPE);
            return true;
        }
        return false;
    }

    /** The addresses with their {@code {a..b}} range expanded. */
    List<String> expand(ScalarNode entry) {
        String url = entry.getValue();
        Matcher range = RANGE.matcher(url);
        if (!range.find()) {
            return List.of(url);
        }
        int first = Integer.parseInt(range.group(1));
        int last = Integer.parseInt(range.group(2));
        String before = url.substring(0, range.start());
        String after = url.substring(range.end());
        if (range.find()) {
            problems.add(entry, "An address has one {a..b} range at most.", "Write one entry a server.");
            return List.of();
        }
        if (last < first || last - first >= 1024) {
            problems.add(entry, "The range {" + first + ".." + last + "} does not run upwards over 1 to 1024 numbers.");
            return List.of();
        }
        List<String> urls = new ArrayList<>();
        for (int number = first; number <= last; number++) {
            urls.add(before + number + after);
        }
        return urls;
    }
}
