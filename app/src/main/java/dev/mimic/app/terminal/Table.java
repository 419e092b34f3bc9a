package dev.mimic.app.terminal;

import java.util.ArrayList;
import java.util.List;

/** Rows of text whose columns line up. Columns that hold numbers are set to the right. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    /** Makes a table with these headings. */
    public Table(String... headings) {
        rows.add(List.of(headings));
    }

    /** Adds a row; missing cells are empty. */
    public Table row(Object... cells) {
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        rows.add(row);
        return this;
    }

    /** The table as lines, headings first, then a rule. */
    public String render() {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        boolean[] numeric = new boolean[columns];
        for (int c = 0; c < columns; c++) {
            int column = c;
            widths[c] = rows.stream()
                    .mapToInt(row -> width(cell(row, column)))
                    .max()
                    .orElse(0);
            numeric[c] = rows.size() > 1
                    && rows.stream().skip(1).map(row -> cell(row, column)).allMatch(Table::isNumber);
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            line(text, rows.get(r), widths, numeric);
            if (r == 0) {
                for (int c = 0; c < columns; c++) {
                    text.append(c == 0 ? "" : "  ").append("-".repeat(widths[c]));
                }
                text.append('\n');
            }
        }
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> row, int[] widths, boolean[] numeric) {
        int begin = text.length();
        for (int c = 0; c < widths.length; c++) {
            String cell = cell(row, c);
            String blanks = " ".repeat(widths[c] - width(cell));
            text.append(c == 0 ? "" : "  ").append(numeric[c] ? blanks + cell : cell + blanks);
        }
        int end = text.length();
        while (end > begin && text.charAt(end - 1) == ' ') {
            end--;
        }
        text.setLength(end);
        text.append('\n');
    }

    private static String cell(List<String> row, int column) {
        return column < row.size() ? row.get(column) : "";
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }

    private static boolean isNumber(String cell) {
        return cell.isEmpty() || cell.equals("-") || Character.isDigit(cell.charAt(0)) || cell.matches("[+-]\\d.*");
    }
}
