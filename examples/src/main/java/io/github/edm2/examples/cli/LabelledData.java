package io.github.edm2.examples.cli;

import io.github.edm2.models.data.ImageDataset;
import java.nio.file.Path;

/** Opens datasets with the class labels that {@code --cond} asks for. */
final class LabelledData {

    private LabelledData() {}

    /**
     * The option.
     *
     * @param description what is done with the labels
     */
    static Setting<Boolean> cond(String description) {
        return Setting.derived("cond", Kind.SWITCH, "whether the data has labels", description);
    }

    /**
     * Opens a dataset; its labels are used where there are some, unless the user says otherwise.
     *
     * @param cond value of the option; null if it is not given
     * @throws CommandException if labels are asked for and there are none
     */
    static ImageDataset open(Path data, Boolean cond) {
        if (Boolean.FALSE.equals(cond)) {
            return ImageDataset.open(data, false);
        }
        ImageDataset dataset = ImageDataset.open(data);
        if (Boolean.TRUE.equals(cond) && !dataset.isConditional()) {
            dataset.close();
            throw new CommandException(
                    "--cond asks for class labels, but %s has none; leave --cond out, or add labels: a dataset.json, or a folder for each class"
                            .formatted(data));
        }
        return dataset;
    }
}
