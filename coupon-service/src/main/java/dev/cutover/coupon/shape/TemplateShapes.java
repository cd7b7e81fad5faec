package dev.cutover.coupon.shape;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.ProductList;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.Terms;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Templates as the API shows them, with the same fields in the same order on both sides. */
public final class TemplateShapes {
    private static final JsonMapper JSON = new JsonMapper();

    /** What a request may say about a template. */
    public static final List<String> EDITABLE = List.of(
            "name",
            "discount",
            "total_quantity",
            "per_user_limit",
            "daily_limit",
            "claim_from",
            "claim_to",
            "validity",
            "scope",
            "refund_policy",
            "extend_days",
            "stack_group",
            "stackable",
            "audience",
            "budget",
            "biz_type",
            "metadata");

    private TemplateShapes() {}

    public static ObjectNode template(TemplateSheet sheet) {
        Template template = sheet.template();
        Terms terms = template.terms();
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "template");
        node.put("id", template.id().toString());
        node.put("name", template.name());
        node.set("discount", Shapes.discount(template.discount()));
        node.put("total_quantity", template.totalQuantity());
        node.put("per_user_limit", template.perUserLimit());
        node.put("daily_limit", terms.dailyLimit());
        node.put("claim_from", Shapes.time(terms.claimFrom()));
        node.put("claim_to", Shapes.time(terms.claimTo()));
        ObjectNode validity = node.putObject("validity");
        validity.put("type", template.fixedRange() ? "RANGE" : "DAYS");
        validity.put("days", template.fixedRange() ? null : template.validDays());
        validity.put("valid_from", template.fixedRange() ? Shapes.time(template.validFrom()) : null);
        validity.put("valid_to", template.fixedRange() ? Shapes.time(template.validTo()) : null);
        node.put("scope", ProductList.Scope.ofCode(template.scope()).name());
        node.put("refund_policy", terms.refundPolicy().name());
        node.put("extend_days", terms.extendDays());
        node.put("stack_group", terms.stackGroup());
        node.put("stackable", terms.stackable());
        node.put("audience", terms.audience());
        if (terms.budgetMinor() == null) {
            node.putNull("budget");
        } else {
            node.putObject("budget").put("amount_minor", terms.budgetMinor()).put("currency", Discount.CURRENCY);
        }
        node.put("biz_type", sheet.bizType());
        node.set("metadata", metadata(sheet.metadata()));
        node.put("status", template.state().name());
        node.put("version", terms.version());
        node.put("rule_version", terms.ruleVersion());
        node.put("created_at", Shapes.time(template.createdAt()));
        node.put("updated_at", Shapes.time(sheet.updatedAt()));
        return node;
    }

    /** Only what a request may say. */
    public static ObjectNode editable(TemplateSheet sheet) {
        return template(sheet).retain(EDITABLE);
    }

    /** A JSON object of texts as the columns keep it; an empty one where there is none. */
    public static JsonNode metadata(@Nullable String text) {
        if (text == null) {
            return JsonNodeFactory.instance.objectNode();
        }
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("coupon_template.metadata is not JSON: " + text, e);
        }
    }
}
