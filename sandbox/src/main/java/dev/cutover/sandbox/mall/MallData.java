package dev.cutover.sandbox.mall;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Fills the legacy tables with data that looks years old and holds every known defect at a set rate.
 *
 * <p>The same options give the same rows. What the migration must refuse is written down while it is planted, never asked of
 * the database, so the manifest is an independent witness.
 */
public final class MallData {
    private MallData() {}

    /**
     * How much to make.
     *
     * @param seed the same seed gives the same rows
     * @param templates rows of mall_coupon, at least 40
     * @param users users that hold coupons, numbered from 1
     * @param userCoupons rows of mall_coupon_user, at least 1,000
     * @param codes rows of mall_coupon_code
     * @param hotStock what is left of the hot template
     * @param now the moment the data is for: claimable templates are in their window for a year from it
     */
    public record Options(long seed, int templates, int users, int userCoupons, int codes, int hotStock, Instant now) {
        public Options {
            if (templates < 40 || users < 200 || userCoupons < 1_000 || codes < 0 || hotStock < 0) {
                throw new IllegalArgumentException(
                        "The mall needs at least 40 templates, 200 users and 1000 coupons, not " + templates + ", "
                                + users + " and " + userCoupons + ".");
            }
            now = Instant.ofEpochSecond(now.getEpochSecond());
        }

        /** 200 templates, 50,000 users, 200,000 coupons, 2,000 codes, 2,000 left of the hot template. */
        public static Options of(long seed, Instant now) {
            return new Options(seed, 200, 50_000, 200_000, 2_000, 2_000, now);
        }

        public Options withTemplates(int number) {
            return new Options(seed, number, users, userCoupons, codes, hotStock, now);
        }

        public Options withUsers(int number) {
            return new Options(seed, templates, number, userCoupons, codes, hotStock, now);
        }

        public Options withUserCoupons(int number) {
            return new Options(seed, templates, users, number, codes, hotStock, now);
        }

        public Options withHotStock(int number) {
            return new Options(seed, templates, users, userCoupons, codes, number, now);
        }
    }

    /** Fills the empty legacy tables of the database the connection is in; the connection is given back as it came. */
    public static Manifest generate(Connection connection, Options options) throws SQLException {
        boolean autoCommit = connection.getAutoCommit();
        try (Statement session = connection.createStatement()) {
            String[] before = settings(session);
            // Strict, so that a mistake here is loud; zero dates are allowed and the clock is the mall's.
            session.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+08:00'");
            connection.setAutoCommit(false);
            try {
                return fill(connection, options);
            } finally {
                connection.rollback();
                connection.setAutoCommit(autoCommit);
                session.execute("SET SESSION sql_mode = '" + before[0] + "', time_zone = '" + before[1] + "'");
            }
        }
    }

    private static Manifest fill(Connection connection, Options options) throws SQLException {
        SplittableRandom random = new SplittableRandom(options.seed());
        Bookkeeping books = new Bookkeeping();
        Map<String, Long> rows = new TreeMap<>();
        Templates templates = new Templates(options, random.split());

        CouponRows coupons = new CouponRows(options, templates, books, random.split());
        coupons.write(connection, rows);
        // After the coupons: only now the counters of a template can be told.
        Map<Integer, Long> drift = templates.write(connection, books, rows);
        new GoodsRows(templates, random.split()).write(connection, rows);
        new CodeRows(options, templates, random.split()).write(connection, books, rows);
        rows.put("mall_coupon_operation", 0L);
        connection.commit();

        Template hot = templates.hot();
        return new Manifest(
                options.seed(),
                options.now().toEpochMilli(),
                rows,
                books.exceptions(),
                books.defects(),
                drift,
                templates.oversold().id,
                templates.claimable().stream().map(template -> template.id).toList(),
                new Manifest.Hot(hot.id, options.hotStock()),
                coupons.highestUser(),
                coupons.spenders());
    }

    private static String[] settings(Statement session) throws SQLException {
        try (ResultSet row = session.executeQuery("SELECT @@SESSION.sql_mode, @@SESSION.time_zone")) {
            row.next();
            return new String[] {row.getString(1), row.getString(2)};
        }
    }
}
