package dev.mimic.app.command;

import dev.mimic.app.terminal.Table;
import java.util.ArrayList;
import java.util.List;

/**
 * A table of a report, for a terminal and for Markdown.
 *
 * @param title a line above it
 * @param headings of the columns; the first {@code fixed} of them name a row
 * @param fixed columns that are repeated where a table is too wide for the terminal
 * @param rows cells; each row has as many as there are headings
 */
record ReportTable(String title, List<String> headings, int fixed, List<List<String>> rows) {
    private static final int WIDTH = 80;
    private static final int GAP = 2;

    ReportTable {
        headings = List.copyOf(headings);
        rows = rows.stream().map(List::copyOf).toList();
    }

    /** For a terminal: as many tables as are needed to stay within 80 columns. */
    String text() {
        StringBuilder text = new StringBuilder();
        text.append(title).append('\n');
        int next = fixed;
        do {
            List<Integer> shown = new ArrayList<>();
            for (int c = 0; c < fixed; c++) {
                shown.add(c);
            }
            int width = shown.stream().mapToInt(c -> width(c) + GAP).sum() - GAP;
            while (next < headings.size() && (shown.size() == fixed || width + GAP + width(next) <= WIDTH)) {
                width += GAP + width(next);
                shown.add(next++);
            }
            Table table = new Table(shown.stream().map(headings::get).toArray(String[]::new));
            rows.forEach(row -> table.row(shown.stream().map(row::get).toArray()));
            text.append('\n').append(table.render());
        } while (next < headings.size());
        return text.toString();
    }

    /** A sentence for a terminal, in lines of at most 80 columns; all but the first are indented. */
    static String wrapped(String sentence) {
        StringBuilder text = new StringBuilder();
        int width = 0;
        for (String word : sentence.split(" ", -1)) {
            if (width > 0 && width + 1 + word.length() > WIDTH) {
                text.append("\n   ");
                width = 3;
            }
            text.append(width > 0 ? " " : "").append(word);
            width += (width > 0 ? 1 : 0) + word.length();
        }
        return text.toString();
    }

    private int width(int column) {
        int width = headings.get(column).length();
        for (List<String> row : rows) {
            width = Math.max(width, row.get(column).length());
        }
        return width;
    }

    /** For Markdown: one table, whatever its width. */
    String markdown() {
        StringBuilder text = new StringBuilder();
        text.append("**").append(escaped(title)).append("**\n\n");
        line(text, headings);
        line(text, headings.stream().map(_ -> "---").toList());
        rows.forEach(row -> line(text, row));
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> cells) {
        text.append('|');
        cells.forEach(cell -> text.append(' ').append(escaped(cell)).append(" |"));
        text.append('\n');
    }

    private static String escaped(String cell) {
        return cell.replace("|", "\\|").replace("<", "&lt;");
    }
}
