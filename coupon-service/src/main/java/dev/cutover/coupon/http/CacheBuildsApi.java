package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpStatus;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.cachebuild.BuildOrder;
import dev.cutover.coupon.cachebuild.CacheBuild;
import dev.cutover.coupon.cachebuild.CacheBuilds;
import dev.cutover.coupon.cachebuild.CacheQueues;
import dev.cutover.coupon.cachebuild.CacheTask;
import dev.cutover.coupon.detail.DetailKey;
import dev.cutover.coupon.id.CacheBuildId;
import dev.cutover.coupon.id.CacheTaskId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.Shapes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;

/** Orders and traces of cache-build tasks, for the back office. Blocks; safe for many threads. */
final class CacheBuildsApi {
    private static final long LONGEST_ORDER = 256 * 1024;

    private final CacheBuilds builds;

    CacheBuildsApi(CacheBuilds builds) {
        this.builds = builds;
    }

    void register(Routes routes) {
        routes.add(
                HttpMethod.POST, "/v1/cache_builds", binding -> binding.maxRequestLength(LONGEST_ORDER), this::order);
        routes.get("/v1/cache_builds/{id}", this::build);
        routes.get("/v1/cache_tasks", this::tasks);
        routes.get("/v1/cache_tasks/{id}", this::task);
        routes.post("/v1/cache_tasks/{id}/retry", this::retry);
        routes.get("/v1/cache_queues", this::queues);
        routes.add(HttpMethod.PUT, "/v1/cache_queues", this::change);
    }

    private ApiAnswer order(ApiRequest request) {
        request.allowQuery();
        Operator operator = request.operator();
        RequestBody body =
                request.body().allow("build_no", "reason", "weight", "template_ids", "store_ids", "products");
        List<TemplateId> templates = new ArrayList<>();
        List<String> texts = body.texts("template_ids");
        for (int i = 0; i < texts.size(); i++) {
            templates.add(template("template_ids[" + i + "]", texts.get(i)));
        }
        List<String> stores = body.texts("store_ids");
        for (int i = 0; i < stores.size(); i++) {
            if (!DetailKey.isStore(stores.get(i))) {
                throw ApiException.invalid("store_ids[" + i + "]", "1 to 32 letters, digits, '.', '_' and '-'");
            }
        }
        List<BuildOrder.Product> products = new ArrayList<>();
        for (RequestBody product : body.children("products")) {
            product.allow("product_id", "category_id");
            products.add(new BuildOrder.Product(
                    StoreCouponsApi.name(product, "product_id"),
                    product.has("category_id") ? StoreCouponsApi.name(product, "category_id") : null));
        }
        requireOnce("template_ids", templates);
        requireOnce("store_ids", stores);
        requireOnce("products", products);
        long tasks = (long) templates.size() * stores.size() * products.size();
        if (tasks > BuildOrder.MOST_TASKS) {
            throw ApiException.tooMany(
                    "products",
                    BuildOrder.MOST_TASKS,
                    "One order comes to at most " + BuildOrder.MOST_TASKS + " tasks, not " + tasks
                            + ": order some of the templates, stores or products by themselves.");
        }
        CacheBuild.Progress ordered = builds.order(new BuildOrder(
                request.kept("build_no", body.text("build_no")),
                body.reason(),
                (int) body.optionalInteger("weight", BuildOrder.LIGHTEST, BuildOrder.HEAVIEST)
                        .orElse(BuildOrder.LIGHTEST),
                templates,
                stores,
                products,
                operator.name()));
        return new ApiAnswer(
                ordered.known() ? HttpStatus.OK : HttpStatus.ACCEPTED,
                shape(ordered).toString(),
                ordered.known());
    }

    private static void requireOnce(String field, List<?> named) {
        if (new HashSet<>(named).size() != named.size()) {
            throw ApiException.invalid(field, "a list that names each once");
        }
    }

    private ApiAnswer build(ApiRequest request) {
        request.allowQuery();
        String text = request.path("id");
        CacheBuildId id = CacheBuildId.parse(text)
                .orElseThrow(() ->
                        new Refusal(Reason.CACHE_BUILD_NOT_FOUND, "id", "There is no cache build '" + text + "'."));
        return ApiAnswer.ok(shape(builds.progress(id)));
    }

    private ApiAnswer tasks(ApiRequest request) {
        request.allowQuery("limit", "starting_after", "build_id", "template_id", "state");
        int limit = request.limit();
        List<CacheTask> page = builds.page(
                request.query("build_id")
                        .map(text -> CacheBuildId.parse(text)
                                .orElseThrow(() -> ApiException.invalid("build_id", "the id of a cache build"))),
                request.query("template_id").map(text -> template("template_id", text)),
                request.query("state")
                        .map(text -> CacheTask.State.parse(text)
                                .orElseThrow(() -> ApiException.invalid(
                                        "state", "one of " + Arrays.toString(CacheTask.State.values())))),
                request.startingAfter(CacheTaskId::parse, "the id of a cache task"),
                limit);
        ObjectNode list = JsonNodeFactory.instance.objectNode();
        list.put("object", "list");
        ArrayNode data = list.putArray("data");
        page.stream().limit(limit).forEach(task -> data.add(shape(task)));
        boolean more = page.size() > limit;
        list.put("has_more", more);
        list.put("next_cursor", more ? page.get(limit - 1).id().toString() : null);
        return ApiAnswer.ok(list);
    }

    private ApiAnswer task(ApiRequest request) {
        request.allowQuery();
        CacheTask task = builds.task(id(request));
        CacheBuild build = builds.progress(task.build()).build();
        ObjectNode node = shape(task);
        node.put("ordered_by", build.orderedBy());
        node.put("reason", build.reason());
        node.put("ordered_at", Instant.ofEpochMilli(build.createdAt()).toString());
        return ApiAnswer.ok(node);
    }

    private ApiAnswer retry(ApiRequest request) {
        request.allowQuery();
        Operator operator = request.operator();
        return ApiAnswer.ok(shape(builds.retry(id(request), operator)));
    }

    private ApiAnswer queues(ApiRequest request) {
        request.allowQuery();
        return queues();
    }

    private ApiAnswer queues() {
        return ApiAnswer.ok(JsonNodeFactory.instance
                .objectNode()
                .put("object", "cache_queues")
                .put("queues", builds.queues().count()));
    }

    private ApiAnswer change(ApiRequest request) {
        request.allowQuery();
        Operator operator = request.operator();
        builds.queues().change((int) request.body().allow("queues").integer("queues", 1, CacheQueues.MOST), operator);
        return queues();
    }

    private static CacheTaskId id(ApiRequest request) {
        String text = request.path("id");
        return CacheTaskId.parse(text)
                .orElseThrow(
                        () -> new Refusal(Reason.CACHE_TASK_NOT_FOUND, "id", "There is no cache task '" + text + "'."));
    }

    private static TemplateId template(String param, String text) {
        return TemplateId.parse(text).orElseThrow(() -> ApiException.invalid(param, "the id of a template"));
    }

    private static ObjectNode shape(CacheBuild.Progress progress) {
        CacheBuild build = progress.build();
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "cache_build");
        node.put("id", build.id().toString());
        node.put("build_no", build.number());
        node.put("reason", build.reason());
        node.put("weight", build.weight());
        ObjectNode counts = node.putObject("progress");
        counts.put("total", build.tasks());
        for (CacheTask.State state : CacheTask.State.values()) {
            counts.put(
                    state.name().toLowerCase(Locale.ROOT),
                    progress.byState().getOrDefault(state, 0L).longValue());
        }
        node.put("ordered_by", build.orderedBy());
        node.put("created_at", Instant.ofEpochMilli(build.createdAt()).toString());
        return node;
    }

    private static ObjectNode shape(CacheTask task) {
        DetailKey key = task.key();
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "cache_task");
        node.put("id", task.id().toString());
        node.put("build_id", task.build().toString());
        node.put("template_id", key.template().toString());
        node.put("store_id", key.store());
        node.put("product_id", key.product());
        node.put("category_id", key.category());
        node.put("queue", task.queue());
        node.put("state", task.state().name());
        node.put("attempts", task.attempts());
        node.put("owner", task.owner());
        node.put("started_at", Shapes.time(task.startedAt()));
        node.put("finished_at", Shapes.time(task.finishedAt()));
        node.put("version", task.version());
        node.put("error", task.error());
        return node;
    }
}
