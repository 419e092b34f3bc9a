package dev.mimic.engine.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;

/** Dates against Python's {@code datetime.strftime} in the C locale. */
final class StrftimeTest {
    private static final String ALL =
            "%Y|%C|%y|%m|%d|%e|%H|%k|%I|%l|%M|%S|%f|%j|%p|%B|%b|%h|%A|%a|%u|%w|%U|%W|%V|%G|%D|%x|%F|%T|%X|%R|%r|%c|%z|%Z|%n|%t|%%|%-d %-m %-I %-j";

    private static String of(LocalDateTime time, String format) {
        return Strftime.format(time, format, new Budget(0));
    }

    @Test
    void everyDirectiveGivesWhatPythonGives() {
        assertEquals(
                "2024|20|24|01|01| 1|00| 0|12|12|05|09|000007|001|AM|January|Jan|Jan|Monday|Mon|1|1|00|01|01|2024|01/01/24|01/01/24|2024-01-01|00:05:09|00:05:09|00:05|12:05:09 AM|Mon Jan  1 00:05:09 2024|||\n|\t|%|1 1 12 1",
                of(LocalDateTime.of(2024, 1, 1, 0, 5, 9, 7000), ALL));
        assertEquals(
                "2021|20|21|01|03| 3|12|12|12|12|00|00|000000|003|PM|January|Jan|Jan|Sunday|Sun|7|0|01|00|53|2020|01/03/21|01/03/21|2021-01-03|12:00:00|12:00:00|12:00|12:00:00 PM|Sun Jan  3 12:00:00 2021|||\n|\t|%|3 1 12 3",
                of(LocalDateTime.of(2021, 1, 3, 12, 0, 0, 0), ALL));
        assertEquals(
                "2026|20|26|12|31|31|23|23|11|11|59|59|999999|365|PM|December|Dec|Dec|Thursday|Thu|4|4|52|52|53|2026|12/31/26|12/31/26|2026-12-31|23:59:59|23:59:59|23:59|11:59:59 PM|Thu Dec 31 23:59:59 2026|||\n|\t|%|31 12 11 365",
                of(LocalDateTime.of(2026, 12, 31, 23, 59, 59, 999999000), ALL));
        assertEquals(
                "2025|20|25|06|08| 8|13|13|01| 1|30|01|120000|159|PM|June|Jun|Jun|Sunday|Sun|7|0|23|22|23|2025|06/08/25|06/08/25|2025-06-08|13:30:01|13:30:01|13:30|01:30:01 PM|Sun Jun  8 13:30:01 2025|||\n|\t|%|8 6 1 159",
                of(LocalDateTime.of(2025, 6, 8, 13, 30, 1, 120000000), ALL));
        assertEquals(
                "2020|20|20|02|29|29|11|11|11|11|11|11|000000|060|AM|February|Feb|Feb|Saturday|Sat|6|6|08|08|09|2020|02/29/20|02/29/20|2020-02-29|11:11:11|11:11:11|11:11|11:11:11 AM|Sat Feb 29 11:11:11 2020|||\n|\t|%|29 2 11 60",
                of(LocalDateTime.of(2020, 2, 29, 11, 11, 11, 0), ALL));
    }

    @Test
    void textAndUnknownDirectivesStay() {
        LocalDateTime time = LocalDateTime.of(2024, 7, 26, 8, 0);
        assertEquals("26 Jul 2024", of(time, "%d %b %Y"));
        assertEquals("Grüße 😀 %q %", of(time, "Grüße 😀 %q %"));
    }
}
