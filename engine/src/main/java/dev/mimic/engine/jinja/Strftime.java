package dev.mimic.engine.jinja;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's {@code strftime} in the C locale, of a local time without zone. */
final class Strftime {
    private Strftime() {}

    static String format(LocalDateTime time, String format, Budget budget) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 >= format.length()) {
                out.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            // glibc: no padding
            boolean bare = directive == '-' && i + 1 < format.length();
            String text = field(time, bare ? format.charAt(++i) : directive, budget);
            out.append(bare ? text.replaceFirst("^[0 ]+(?=.)", "") : text);
            budget.text(text.length());
        }
        return out.toString();
    }

    private static String field(LocalDateTime time, char directive, Budget budget) {
        return switch (directive) {
            case 'Y' -> String.valueOf(time.getYear());
            case 'C' -> two(time.getYear() / 100);
            case 'y' -> two(time.getYear() % 100);
            case 'm' -> two(time.getMonthValue());
            case 'd' -> two(time.getDayOfMonth());
            case 'e' -> blank(time.getDayOfMonth());
            case 'H' -> two(time.getHour());
            case 'k' -> blank(time.getHour());
            case 'I' -> two((time.getHour() + 11) % 12 + 1);
            case 'l' -> blank((time.getHour() + 11) % 12 + 1);
            case 'M' -> two(time.getMinute());
            case 'S' -> two(time.getSecond());
            case 'f' -> padded(time.getNano() / 1000, 6);
            case 'j' -> padded(time.getDayOfYear(), 3);
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' ->
                time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
            case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' ->
                time.getDayOfWeek()
                        .getDisplayName(TextStyle.FULL, Locale.ENGLISH)
                        .substring(0, 3);
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
            case 'U' -> two((time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((time.getDayOfYear() + 6 - (time.getDayOfWeek().getValue() + 6) % 7) / 7);
            case 'V' -> two(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'D', 'x' -> format(time, "%m/%d/%y", budget);
            case 'F' -> format(time, "%Y-%m-%d", budget);
            case 'T', 'X' -> format(time, "%H:%M:%S", budget);
            case 'R' -> format(time, "%H:%M", budget);
            case 'r' -> format(time, "%I:%M:%S %p", budget);
            case 'c' -> format(time, "%a %b %e %H:%M:%S %Y", budget);
            case 's' ->
                String.valueOf(time.atZone(java.time.ZoneId.systemDefault()).getLong(ChronoField.INSTANT_SECONDS));
            // a local time names no zone
            case 'z', 'Z' -> "";
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            default -> "%" + directive;
        };
    }

    private static String two(int value) {
        return padded(value, 2);
    }

    private static String padded(int value, int digits) {
        String text = String.valueOf(value);
        return "0".repeat(Math.max(0, digits - text.length())) + text;
    }

    private static String blank(int value) {
        return value < 10 ? " " + value : String.valueOf(value);
    }
}
