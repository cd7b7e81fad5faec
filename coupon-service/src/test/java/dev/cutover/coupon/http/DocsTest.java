package dev.cutover.coupon.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.FileDescriptor;
import dev.cutover.coupon.v1.CouponProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class DocsTest {
    @Test
    void theDocumentHasEveryRuleAndEachRouteALineOfItsOwn() {
        ObjectNode document = OpenApi.document();
        List<String> without = new ArrayList<>();
        for (RouteRules.Rule rule : RouteRules.all()) {
            JsonNode operation = document.path("paths")
                    .path(rule.path())
                    .path(rule.method().name().toLowerCase(Locale.ROOT));
            assertThat(operation.isObject()).as(rule.route()).isTrue();
            if (!RouteTexts.known(rule.route())) {
                without.add(rule.route());
            }
        }
        RouteRules.openPaths().forEach(path -> {
            assertThat(document.path("paths").has(path)).as(path).isTrue();
            assertThat(RouteTexts.known("GET " + path)).as(path).isTrue();
        });
        assertThat(without).as("routes without a line in RouteTexts").isEmpty();
    }

    @Test
    void everyReferenceOfTheDocumentLeadsSomewhere() {
        ObjectNode document = OpenApi.document();
        for (JsonNode reference : document.findValues("$ref")) {
            assertThat(document.at(reference.asText().substring(1)).isObject())
                    .as(reference.asText())
                    .isTrue();
        }
        assertThat(document.findValues("$ref"))
                .hasSizeGreaterThan(RouteRules.calls().size());
    }

    @Test
    void thePageHasEveryCodeUnderTheAnchorThatErrorsPointAt() {
        String page = ErrorPage.html();
        for (ApiError error : ApiError.values()) {
            String place = new Problem(error, "", "").documentation();
            assertThat(place).startsWith(ErrorPage.PATH + "#");
            assertThat(page).contains("id=\"" + place.substring(place.indexOf('#') + 1) + "\"");
        }
    }

    @Test
    void theTableOfCodesHasEachInTheRowOfItsStatus() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("../docs/coupon-api.md"));
        for (ApiError error : ApiError.values()) {
            assertThat(rows)
                    .anyMatch(row ->
                            row.startsWith("| " + error.status() + " |") && row.contains("`" + error.code() + "`"));
        }
    }

    @Test
    void everyCallOfTheProtoHasARouteAndEveryServiceIsListenedFor() {
        FileDescriptor file = CouponProto.getDescriptor();
        Set<String> calls = new TreeSet<>();
        Set<String> services = new HashSet<>();
        file.getServices().forEach(service -> {
            services.add(service.getFullName());
            service.getMethods().forEach(method -> calls.add(service.getName() + "/" + method.getName()));
        });
        assertThat(RouteRules.calls().keySet()).containsExactlyInAnyOrderElementsOf(calls);
        calls.forEach(call ->
                assertThat(RouteRules.ofCall("/coupon.v1." + call)).as(call).isPresent());
        assertThat(LazyCalls.SERVICES).containsAll(services);
    }

    @Test
    void everyEnumBeginsWithNothingSaid() {
        CouponProto.getDescriptor()
                .getEnumTypes()
                .forEach(type -> assertThat(type.getValues().get(0).getName()).endsWith("_UNSPECIFIED"));
    }
}
