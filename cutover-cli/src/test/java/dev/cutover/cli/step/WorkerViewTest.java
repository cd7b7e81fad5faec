package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.console.Json;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class WorkerViewTest {
    private static WorkerView view(String streams) {
        JsonNode status = Objects.requireNonNull(Json.parse("{\"active\": true, \"streams\": [" + streams + "]}"));
        return WorkerView.of("worker-1", status);
    }

    @Test
    void theLagIsThatOfTheSlowestStream() {
        WorkerView view = view("{\"name\": \"shard-0\", \"state\": \"streaming\", \"lagSeconds\": 0.1},"
                + "{\"name\": \"shard-1\", \"state\": \"streaming\", \"lagSeconds\": 2.5}");
        assertThat(view.lagSeconds()).isEqualTo(2.5);
        assertThat(view.trouble()).isEmpty();
    }

    @Test
    void aStreamThatHasNotBegunHidesTheLagOfAll() {
        WorkerView view = view("{\"name\": \"shard-0\", \"state\": \"streaming\", \"lagSeconds\": 0.1},"
                + "{\"name\": \"shard-1\", \"state\": \"starting\", \"lagSeconds\": null}");
        assertThat(view.lagSeconds()).isNull();
        assertThat(view.trouble()).isEqualTo("stream shard-1 is starting");
    }
}
