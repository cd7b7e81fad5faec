package dev.cutover.cli.step;

import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.SqlScript;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;

/** Creates schemas, control tables, fences and the empty tables of NEW where they are missing; never changes what is there. */
public final class Installation {
    private static final String META = "sql/coupon/meta.sql";
    private static final String SHARD = "sql/coupon/shard.sql";
    private static final int UNKNOWN_DATABASE = 1049;

    private final StepContext context;
    private final boolean tables;

    public Installation(StepContext context, boolean tables) {
        this.context = context;
        this.tables = tables;
    }

    /** What will be done, a line each. */
    public List<String> outline() {
        int slots = context.plan().layout().slots();
        List<String> lines = new ArrayList<>();
        lines.add("create the schemas that are missing: "
                + String.join(", ", schemas().stream().map(Endpoint::schema).toList()));
        lines.add("create the control tables in " + context.plan().control().describe());
        if (tables) {
            lines.add("create the tables of meta, and " + Numbers.grouped(slots)
                    + " physical tables of each dynamic table, where they are missing");
        }
        lines.add("create a fence in each database: old is primary, the others are replica");
        return lines;
    }

    /** Every statement, with the database it is for as a comment. */
    public List<String> statements() {
        List<String> all = new ArrayList<>();
        schemas().forEach(endpoint -> all.add(create(endpoint) + ";  -- " + endpoint.describe()));
        all.add("-- " + context.plan().control().describe() + ": sql/control/V*.sql (Flyway)");
        for (DatabaseId database : context.plan().databases()) {
            all.add("-- " + context.plan().endpoint(database).describe());
            tables(database).forEach(statement -> all.add(statement + ";"));
            SqlScript.read("sql/fence/fence.sql").statements().forEach(statement -> all.add(statement + ";"));
        }
        return all;
    }

    public Register run() {
        reachAll();
        return DatabaseWork.named("install", "init", () -> {
            for (Endpoint endpoint : schemas()) {
                createSchema(endpoint);
            }
            context.control().install();
            Register register = register();
            List<Callable<Boolean>> tasks = new ArrayList<>();
            for (DatabaseId database : context.plan().databases()) {
                tasks.add(() -> {
                    install(database, register);
                    return true;
                });
            }
            Together.call(context.threads(), tasks);
            return register;
        });
    }

    // Before anything is created: half an installation is nothing that "unreachable" should leave behind.
    private void reachAll() {
        List<Endpoint> endpoints = new ArrayList<>(schemas());
        endpoints.add(context.plan().endpoint(DatabaseId.OLD));
        for (Endpoint endpoint : endpoints) {
            try (Connection ignored = connect(endpoint, endpoint.schema())) {
                continue;
            } catch (SQLException e) {
                boolean created =
                        e.getErrorCode() == UNKNOWN_DATABASE && endpoints.indexOf(endpoint) < endpoints.size() - 1;
                if (!created) {
                    throw new CommandFailedException(
                            Problem.DATABASE_UNREACHABLE,
                            "The database " + endpoint.describe() + " cannot be reached as user '" + endpoint.user()
                                    + "': " + DatabaseWork.firstLine(e),
                            "check that the server runs and that address, user and password in the plan are right, then  cutover init",
                            List.of(),
                            e);
                }
            }
        }
    }

    // A plan may change as long as nothing was done by it.
    private Register register() {
        Register register = context.control().initialise(context.plan());
        if (!register.migration().equals(context.plan().migration())) {
            throw new CommandFailedException(
                    Problem.PLAN_CHANGED,
                    "The control database belongs to the migration '" + register.migration() + "'.",
                    "name another control database in the plan");
        }
        if (register.stage() == Stage.PLANNED
                && !register.planHash().equals(context.plan().hash())) {
            return context.move(
                    register,
                    register.withPlanHash(context.plan().hash()),
                    "plan",
                    "Another plan was installed.",
                    null);
        }
        return register;
    }

    private void install(DatabaseId database, Register register) throws SQLException {
        Role role = database.side() == Side.OLD ? Role.PRIMARY : Role.REPLICA;
        try (Connection connection = context.topology().database(database).getConnection()) {
            SqlScript.run(connection, tables(database));
            Fence.install(connection, role, register.epoch(), context.actor());
        }
    }

    private List<String> tables(DatabaseId database) {
        if (!tables || database.equals(DatabaseId.OLD)) {
            return List.of();
        }
        return database.equals(DatabaseId.META)
                ? SqlScript.read(META).statements()
                : SqlScript.read(SHARD).statements(context.plan().layout().tables());
    }

    // Two servers may have schemas of the same name.
    private List<Endpoint> schemas() {
        Map<String, Endpoint> schemas = new LinkedHashMap<>();
        schemas.put(context.plan().control().describe(), context.plan().control());
        for (DatabaseId database : context.plan().newDatabases()) {
            Endpoint endpoint = context.plan().endpoint(database);
            schemas.put(endpoint.describe(), endpoint);
        }
        return List.copyOf(schemas.values());
    }

    private static String create(Endpoint endpoint) {
        return "CREATE DATABASE IF NOT EXISTS " + Identifier.quote(endpoint.schema())
                + " DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    }

    // A schema that is missing cannot be connected to, so this one session has none.
    private static void createSchema(Endpoint endpoint) throws SQLException {
        try (Connection ignored = connect(endpoint, endpoint.schema())) {
            return;
        } catch (SQLException e) {
            if (e.getErrorCode() != UNKNOWN_DATABASE) {
                throw e;
            }
        }
        try (Connection connection = connect(endpoint, "");
                Statement statement = connection.createStatement()) {
            statement.execute(create(endpoint));
        }
    }

    private static Connection connect(Endpoint endpoint, String schema) throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", endpoint.user());
        login.setProperty("password", endpoint.password().reveal());
        login.setProperty("connectTimeout", "5000");
        login.setProperty("socketTimeout", "30000");
        login.setProperty("allowPublicKeyRetrieval", "true");
        login.setProperty("sslMode", "PREFERRED");
        return DriverManager.getConnection(
                "jdbc:mysql://" + endpoint.host() + ":" + endpoint.port() + "/" + schema, login);
    }
}
