package dev.cutover.sandbox.mall;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/** Codes as people typed them: some in lower case, some with a space behind, some in wide letters beside their plain twin. */
final class CodeRows {
    private static final String LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    private final MallData.Options options;
    private final Templates templates;
    private final SplittableRandom random;

    CodeRows(MallData.Options options, Templates templates, SplittableRandom random) {
        this.options = options;
        this.templates = templates;
        this.random = random;
    }

    void write(Connection connection, Bookkeeping books, Map<String, Long> rows) throws SQLException {
        try (MultiRowInsert insert = new MultiRowInsert(
                connection,
                "mall_coupon_code",
                "id",
                "coupon_id",
                "code",
                "status",
                "user_id",
                "exchange_time",
                "batch_no",
                "add_time")) {
            for (int id = 1; id <= options.codes(); id++) {
                boolean exchanged = random.nextInt(3) == 0;
                Template template = templates
                        .ordinary()
                        .get(random.nextInt(templates.ordinary().size()));
                insert.row(
                        id,
                        template.id,
                        // a wide twin repeats the code before it: the unique key does not see that they are one
                        id % 200 == 0 ? wide(code(id - 1)) : typed(id, books),
                        exchanged ? 1 : 0,
                        exchanged ? random.nextInt(options.users()) + 1 : null,
                        exchanged ? MallTime.text(template.added + id) : MallTime.ZERO,
                        "B" + id / 500,
                        MallTime.text(template.added));
                if (id % 200 == 0) {
                    books.defect("wide_twin_code");
                }
            }
            rows.put("mall_coupon_code", insert.written());
        }
    }

    private static String typed(int id, Bookkeeping books) {
        String code = code(id);
        if (id % 200 == 10) {
            books.defect("code_with_space");
            return code + " ";
        }
        if (id % 200 == 20) {
            books.defect("code_in_lower_case");
            return code.toLowerCase(Locale.ROOT);
        }
        return code;
    }

    /** Unique without luck: the number itself, scrambled. */
    private static String code(int id) {
        long mixed = (id * 48_271L) % 2_147_483_647L;
        StringBuilder code = new StringBuilder();
        for (int i = 0; i < 7; i++, mixed >>>= 5) {
            code.append(LETTERS.charAt((int) (mixed & 31)));
        }
        return code.toString();
    }

    private static String wide(String code) {
        StringBuilder wide = new StringBuilder();
        code.chars().forEach(c -> wide.append((char) (c + 0xFEE0)));
        return wide.toString();
    }
}
