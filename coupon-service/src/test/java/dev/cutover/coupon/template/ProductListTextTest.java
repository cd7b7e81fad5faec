package dev.cutover.coupon.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

final class ProductListTextTest {
    @Test
    void theMallsTextIsJsonOrNumbersWithCommas() {
        assertThat(ProductCatalog.inText("1001,1002")).containsExactlyInAnyOrder("1001", "1002");
        assertThat(ProductCatalog.inText("[1001,\"1002\"]")).containsExactlyInAnyOrder("1001", "1002");
        assertThat(ProductCatalog.inText("[]")).isEmpty();
        assertThat(ProductCatalog.inText("")).isEmpty();
        assertThat(ProductCatalog.inText(null)).isEmpty();
        assertThat(ProductCatalog.inText("[\"1001\",\"10")).isEmpty();
    }

    @Test
    void productsAreFoundWithoutCaseAndWithoutSpacesAtTheEnd() {
        ProductList list = new ProductList(ProductList.Scope.WHITE_LIST, Set.of(ProductList.form("SN-7 ")));
        assertThat(list.lists("sn-7")).isTrue();
        assertThat(list.lists("Sn-7  ")).isTrue();
        assertThat(list.lists("sn-8")).isFalse();
    }
}
