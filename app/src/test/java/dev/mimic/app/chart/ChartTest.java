package dev.mimic.app.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.task.Accuracy;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChartTest {
    private static final int GREY = 0xff9aa0a6;
    private static final int BLUE = 0xff0072b2;
    private static final int INK = 0xff303030;

    @TempDir
    private Path folder;

    @Test
    void barsAreAsHighAsTheirValues() throws IOException {
        Map<String, List<Bar>> series = new LinkedHashMap<>();
        series.put("base", List.of(Bar.of(40.0), Bar.of(20.0)));
        series.put("expert", List.of(Bar.of(80.0), Bar.NONE));
        Path png = folder.resolve("bars.png");
        AccuracyBars.write(png, "two tasks", List.of("first", "second"), series);
        BufferedImage image = ImageIO.read(png.toFile());
        int half = image.getWidth() / 2;
        int forty = height(image, GREY, 0, half);
        assertEquals(2.0, (double) height(image, BLUE, 0, half) / forty, 0.03);
        assertEquals(0.5, (double) height(image, GREY, half, image.getWidth()) / forty, 0.03);
        assertEquals(0, height(image, BLUE, half, image.getWidth()));
    }

    @Test
    void aWhiskerReachesFromTheLowToTheHighEndOfTheInterval() throws IOException {
        Accuracy accuracy = new Accuracy(1, 4); // 4.6 to 69.9 %: far from symmetric
        Path png = folder.resolve("whisker.png");
        AccuracyBars.write(png, "one", List.of("task"), Map.of("base", List.of(Bar.of(accuracy))));
        BufferedImage image = ImageIO.read(png.toFile());
        int bar = height(image, GREY, 0, image.getWidth());
        double perUnit = bar / (100 * accuracy.share());
        int whisker = 0;
        int middle = middle(image, GREY);
        for (int y = 0; y < image.getHeight(); y++) {
            whisker += image.getRGB(middle, y) == INK ? 1 : 0;
        }
        assertEquals(100 * (accuracy.high() - accuracy.low()) * perUnit, whisker, 12);
    }

    @Test
    void aSeriesNeedsABarForEveryTask() {
        Path png = folder.resolve("none.png");
        Map<String, List<Bar>> series = Map.of("base", List.of(Bar.of(1)));
        assertThrows(IllegalArgumentException.class, () -> AccuracyBars.write(png, "t", List.of("a", "b"), series));
        assertFalse(Files.exists(png));
    }

    @Test
    void weightsBelowZeroHangDown() throws IOException {
        Path png = folder.resolve("weights.png");
        MixtureWeights.write(png, "t", List.of("task"), Map.of("math", List.of(-0.5)));
        BufferedImage image = ImageIO.read(png.toFile());
        assertTrue(height(image, BLUE, 0, image.getWidth()) > 50);
    }

    /** Pixels of a colour in the column that has most of them; the legend's box, at the bottom, left out. */
    private static int height(BufferedImage image, int colour, int from, int to) {
        int most = 0;
        for (int x = from; x < to; x++) {
            int count = 0;
            for (int y = 0; y < image.getHeight() - 50; y++) {
                count += image.getRGB(x, y) == colour ? 1 : 0;
            }
            most = Math.max(most, count);
        }
        return most;
    }

    private static int middle(BufferedImage image, int colour) {
        int left = -1;
        int right = -1;
        int y = image.getHeight() - 110; // through the bar's foot
        for (int x = 0; x < image.getWidth(); x++) {
            if (image.getRGB(x, y) == colour) {
                left = left < 0 ? x : left;
                right = x;
            }
        }
        return (left + right) / 2;
    }
}
