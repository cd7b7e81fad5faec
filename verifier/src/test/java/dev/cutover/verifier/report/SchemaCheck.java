package dev.cutover.verifier.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;

/** Holds JSON to the published schema. */
public final class SchemaCheck {
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.getInstance(
            SpecVersion.VersionFlag.V202012,
            builder -> builder.schemaLoaders(loaders ->
                    loaders.schemas(java.util.Map.of("urn:cutover:verification-report:v1", ReportSchema.text()))));
    private static final SchemaValidatorsConfig STRICT =
            SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
    private static final JsonSchema REPORT =
            FACTORY.getSchema(SchemaLocation.of("urn:cutover:verification-report:v1"), STRICT);
    private static final JsonSchema DIFFERENCE =
            FACTORY.getSchema(SchemaLocation.of("urn:cutover:verification-report:v1#/$defs/difference"), STRICT);

    private SchemaCheck() {}

    public static void report(String json) {
        assertThat(REPORT.validate(json, InputFormat.JSON)).isEmpty();
    }

    public static void difference(String json) {
        assertThat(DIFFERENCE.validate(json, InputFormat.JSON)).isEmpty();
    }
}
