package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.coupon.backoffice.RuleBook;
import dev.cutover.coupon.backoffice.RuleProblem;
import dev.cutover.coupon.backoffice.RulesBrokenException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.shape.TemplateShapes;
import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.ProductList;
import dev.cutover.coupon.template.RefundPolicy;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import dev.cutover.coupon.template.Terms;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads what a request says about a template, and tells everything that is wrong with it at once. Owned by one thread. */
final class TemplateForm {
    private static final TemplateId NONE_YET = new TemplateId(0);
    private static final int MOST_KEYS = 50;
    private static final int LONGEST_KEY = 40;
    private static final int LONGEST_TEXT = 500;
    private static final List<String> TYPES = List.of("AMOUNT_OFF", "PERCENT_OFF", "FREIGHT_OFF");

    private final List<RuleProblem> problems = new ArrayList<>();

    private TemplateForm() {}

    /**
     * A draft as the request has it. What could not be read is told together with the rules that the rest breaks; whether what was read
     * keeps the rules now is judged by whoever knows that it was not written before.
     *
     * @param now epoch milliseconds
     */
    static TemplateSheet read(RequestBody body, long now, TagBook tags) {
        TemplateForm form = new TemplateForm();
        TemplateSheet sheet = form.sheet(body);
        if (form.problems.isEmpty()) {
            return sheet;
        }
        // A rule over a field that could not be read would be broken by what stands in for it.
        Set<String> unread =
                form.problems.stream().map(problem -> section(problem.path())).collect(Collectors.toSet());
        for (RuleProblem problem : RuleBook.problems(sheet, now, tags)) {
            if (!unread.contains(section(problem.path()))) {
                form.problems.add(problem);
            }
        }
        throw new RulesBrokenException(form.problems);
    }

    /** A template whose rules stay, with the name and metadata of the request. */
    static TemplateSheet relabelled(TemplateSheet seen, RequestBody body) {
        TemplateForm form = new TemplateForm();
        String name = form.required(body, "name");
        String metadata = form.metadata(body);
        if (!form.problems.isEmpty()) {
            throw new RulesBrokenException(form.problems);
        }
        TemplateSheet wanted =
                new TemplateSheet(seen.template().named(name), seen.bizType(), metadata, seen.updatedAt());
        List<RuleProblem> ofName = RuleBook.problems(wanted, 0, TagBook.NONE).stream()
                .filter(problem -> problem.path().equals("name"))
                .toList();
        if (!ofName.isEmpty()) {
            throw new RulesBrokenException(ofName);
        }
        return wanted;
    }

    private static String section(String path) {
        int dot = path.indexOf('.');
        return dot < 0 ? path : path.substring(0, dot);
    }

    private <T> @Nullable T field(Supplier<@Nullable T> read) {
        try {
            return read.get();
        } catch (ApiException e) {
            problems.add(new RuleProblem(e.param(), String.valueOf(e.getMessage())));
            return null;
        }
    }

    private void known(RequestBody body, List<String> fields) {
        for (String path : body.unknown(fields)) {
            problems.add(new RuleProblem(path, "'" + path + "' is not a known field."));
        }
    }

    private TemplateSheet sheet(RequestBody body) {
        known(body, TemplateShapes.EDITABLE);
        RequestBody validity = child(body, "validity", List.of("type", "days", "valid_from", "valid_to"));
        boolean range = "RANGE".equals(word(validity, "type", List.of("DAYS", "RANGE")));
        Discount discount = discount(child(
                body,
                "discount",
                List.of(
                        "kind",
                        "type",
                        "amount_off_minor",
                        "percent_off_bp",
                        "cap_minor",
                        "threshold_minor",
                        "currency")));
        String scope = optionalWord(body, "scope", names(ProductList.Scope.values()), ProductList.Scope.ALL.name());
        String policy = optionalWord(
                body,
                "refund_policy",
                names(RefundPolicy.values()),
                Terms.OF_THE_MALL.refundPolicy().name());
        Boolean stackable = field(() -> body.has("stackable") ? body.flag("stackable") : Boolean.TRUE);
        Terms terms = new Terms(
                0,
                1,
                time(body, "claim_from"),
                time(body, "claim_to"),
                number(body, "daily_limit"),
                discount.capMinor(),
                RefundPolicy.valueOf(policy),
                number(body, "extend_days"),
                text(body, "stack_group"),
                stackable == null || stackable,
                text(body, "audience"),
                budget(body));
        Template template = new Template(
                NONE_YET,
                required(body, "name"),
                discount,
                number(body, "total_quantity"),
                number(body, "per_user_limit"),
                range ? 1 : 0,
                validity == null ? null : number(validity, "days"),
                validity == null ? null : time(validity, "valid_from"),
                validity == null ? null : time(validity, "valid_to"),
                ProductList.Scope.valueOf(scope).code(),
                TemplateState.DRAFT.code(),
                null,
                terms);
        return new TemplateSheet(template, text(body, "biz_type"), metadata(body), null);
    }

    private @Nullable RequestBody child(RequestBody body, String field, List<String> fields) {
        RequestBody child = field(() -> body.child(field));
        if (child != null) {
            known(child, fields);
        }
        return child;
    }

    private Discount discount(@Nullable RequestBody body) {
        if (body == null) {
            return new Discount(1, 1, null, null, 0, null);
        }
        String kind = word(body, "kind", Discount.KINDS);
        String type = word(body, "type", TYPES);
        currency(body);
        Long threshold = number(body, "threshold_minor");
        return new Discount(
                kind == null ? 1 : Discount.KINDS.indexOf(kind) + 1,
                type == null ? 1 : TYPES.indexOf(type) + 1,
                number(body, "amount_off_minor"),
                number(body, "percent_off_bp"),
                threshold == null ? 0 : threshold,
                number(body, "cap_minor"));
    }

    private void currency(RequestBody body) {
        String currency = text(body, "currency");
        if (currency != null && !currency.equals(Discount.CURRENCY)) {
            problems.add(new RuleProblem(
                    body.path("currency"), "Coupons are in " + Discount.CURRENCY + ", not in '" + currency + "'."));
        }
    }

    private @Nullable Long budget(RequestBody body) {
        if (!body.has("budget")) {
            return null;
        }
        RequestBody budget = child(body, "budget", List.of("amount_minor", "currency"));
        if (budget == null) {
            return null;
        }
        currency(budget);
        return field(() -> budget.integer("amount_minor", Long.MIN_VALUE, Long.MAX_VALUE));
    }

    private @Nullable Long number(RequestBody body, String name) {
        return field(() -> body.has(name) ? Long.valueOf(body.integer(name, Long.MIN_VALUE, Long.MAX_VALUE)) : null);
    }

    private @Nullable String text(RequestBody body, String name) {
        return field(() -> body.has(name) ? body.text(name) : null);
    }

    private @Nullable String required(RequestBody body, String name) {
        return field(() -> body.text(name));
    }

    private @Nullable String word(@Nullable RequestBody body, String name, List<String> words) {
        return body == null
                ? null
                : field(() -> {
                    String word = body.text(name);
                    if (!words.contains(word)) {
                        throw ApiException.invalid(body.path(name), "one of " + words);
                    }
                    return word;
                });
    }

    private String optionalWord(RequestBody body, String name, List<String> words, String usual) {
        String word = body.has(name) ? word(body, name, words) : usual;
        return word == null ? usual : word;
    }

    private static List<String> names(Enum<?>[] values) {
        return Arrays.stream(values).map(Enum::name).toList();
    }

    private @Nullable Long time(RequestBody body, String name) {
        return field(() -> {
            if (!body.has(name)) {
                return null;
            }
            String text = body.text(name);
            try {
                return Instant.parse(text).toEpochMilli();
            } catch (DateTimeException | ArithmeticException e) {
                throw ApiException.invalid(body.path(name), "a time such as 2026-11-11T00:00:00Z");
            }
        });
    }

    private @Nullable String metadata(RequestBody body) {
        return field(() -> {
            if (!body.has("metadata")) {
                return null;
            }
            JsonNode node = body.child("metadata").json();
            if (node.size() > MOST_KEYS) {
                throw ApiException.invalid("metadata", "an object of at most " + MOST_KEYS + " fields");
            }
            node.fields().forEachRemaining(one -> {
                if (one.getKey().isEmpty()
                        || one.getKey().length() > LONGEST_KEY
                        || !one.getValue().isTextual()
                        || one.getValue().textValue().length() > LONGEST_TEXT) {
                    throw ApiException.invalid(
                            "metadata." + one.getKey(),
                            "a text of at most " + LONGEST_TEXT + " characters under a key of at most " + LONGEST_KEY);
                }
            });
            return node.isEmpty() ? null : node.toString();
        });
    }
}
