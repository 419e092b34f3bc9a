package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.comparison.Column;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.task.Task;
import dev.mimic.adapt.train.TrainingData;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A task of a comparison as the command line names it.
 *
 * @param name in the table and in file names
 * @param train with valid what an expert of its own is trained on
 * @param shots what a few-shot search draws from: train, or a file of its own
 * @param test what is reported on; the dispatch task may have none
 */
record ComparedTask(
        String name,
        Task task,
        Optional<TaskData> train,
        Optional<TaskData> valid,
        Optional<TaskData> shots,
        Optional<TaskData> test) {
    private static final String BUNDLED = BundledModel.NAME + "-";

    /**
     * What {@code [NAME:]T[=FILE,…]} names, before any file is read.
     *
     * @param taskName the task's
     * @param files none for a task whose rows are in the jar
     */
    record Text(String name, String taskName, List<Path> files) {
        private static final Pattern FORM = Pattern.compile("(?:([A-Za-z0-9][A-Za-z0-9_.-]*):)?([^=:]+)(?:=(.+))?");

        /**
         * Parses.
         *
         * @throws IllegalArgumentException if the text has another form or there is no such task
         */
        static Text of(String text) {
            Matcher form = FORM.matcher(text);
            if (!form.matches()) {
                throw bad(text);
            }
            String taskName = form.group(2);
            String plain = plain(Task.of(taskName).name());
            boolean dispatch = plain.equals(ExpertFolder.CLASSIFIER);
            String name = form.group(1) == null ? plain : form.group(1);
            if (dispatch != name.equals(ExpertFolder.CLASSIFIER)) {
                throw new IllegalArgumentException(
                        "--task " + text + ": expected the name dispatch for the task dispatch, and for no other");
            }
            List<String> files =
                    form.group(3) == null ? List.of() : List.of(form.group(3).split(",", -1));
            boolean jar = files.isEmpty() && taskName.startsWith(BUNDLED);
            boolean right = files.size() <= 3 && files.size() >= (dispatch ? 2 : 1);
            if (!(jar || right) || files.stream().anyMatch(String::isBlank)) {
                throw bad(text);
            }
            return new Text(name, taskName, files.stream().map(Path::of).toList());
        }

        private static IllegalArgumentException bad(String text) {
            return new IllegalArgumentException("--task " + text
                    + ": expected [NAME:]T=TRAIN,VALID,TEST or T=SHOTS,TEST or T=TEST, dispatch=TRAIN,VALID[,TEST],"
                    + " or bundled-NAME alone");
        }
    }

    /**
     * Reads a task's rows.
     *
     * @param task that the text names
     */
    static ComparedTask of(Text text, Task task) {
        String name = text.name();
        if (text.files().isEmpty()) {
            return bundled(name, plain(task.name()), task);
        }
        List<Optional<TaskData>> rows = text.files().stream()
                .map(file -> Optional.of(new TaskData(file, task.read(file))))
                .toList();
        Optional<TaskData> none = Optional.empty();
        if (rows.size() == 3) {
            return new ComparedTask(name, task, rows.get(0), rows.get(1), rows.get(0), rows.get(2));
        }
        if (name.equals(ExpertFolder.CLASSIFIER)) {
            return new ComparedTask(name, task, rows.get(0), rows.get(1), none, none);
        }
        return new ComparedTask(name, task, none, none, rows.size() == 2 ? rows.getFirst() : none, rows.getLast());
    }

    private static String plain(String taskName) {
        return taskName.startsWith(BUNDLED) ? taskName.substring(BUNDLED.length()) : taskName;
    }

    /** A task whose rows are in the jar. */
    private static ComparedTask bundled(String name, String plain, Task task) {
        Optional<TaskData> test = Optional.of(TaskData.bundled(plain, "test"));
        if (BundledModel.EXPERTS.contains(plain)) {
            Optional<TaskData> train = Optional.of(TaskData.bundled(plain, "train"));
            return new ComparedTask(name, task, train, Optional.of(TaskData.bundled(plain, "valid")), train, test);
        }
        Optional<TaskData> shots = Optional.of(TaskData.bundled(plain, "shots"));
        return new ComparedTask(name, task, Optional.empty(), Optional.empty(), shots, test);
    }

    boolean isDispatch() {
        return name.equals(ExpertFolder.CLASSIFIER);
    }

    /** The same with the first test rows alone. */
    ComparedTask limit(Integer count) {
        return new ComparedTask(name, task, train, valid, shots, test.map(rows -> rows.limit(count)));
    }

    /** What an expert of its own is trained on, if there is anything. */
    Optional<TrainingData> training() {
        return train.map(rows -> new TrainingData(
                rows.file(),
                rows.examples(),
                valid.orElseThrow().file(),
                valid.orElseThrow().examples()));
    }

    /** The class of its questions. */
    String kind() {
        return Column.of(name, task, List.of()).kind();
    }

    /** The column. */
    Column column() {
        return Column.of(name, task, test.orElseThrow().examples());
    }
}
