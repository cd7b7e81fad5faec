package dev.cutover.cli.command;

import dev.cutover.core.stage.Stage;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a stage in any case, with dashes or underscores. */
final class StageWords implements ITypeConverter<Stage> {
    @Override
    public Stage convert(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT).replace('-', '_').replace(' ', '_');
        for (Stage stage : Stage.values()) {
            if (stage.name().equals(name)) {
                return stage;
            }
        }
        List<String> names = Arrays.stream(Stage.values()).map(Stage::name).toList();
        List<String> near = Nearest.among(name, names, 0);
        throw new TypeConversionException("'" + text + "' is no stage"
                + (near.isEmpty() ? "" : " (did you mean " + String.join(", ", near) + "?)") + "; the stages are "
                + String.join(", ", names));
    }
}
