package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.testkit.SeededCases;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class DoubleKernelsTest {
    private final DoubleKernels kernels = SvdCases.kernels();

    @Test
    void theForcedImplementationRuns() {
        String forced = System.getProperty("mimic.vector", "best");
        if (forced.equals("best")) {
            assertNotEquals("scalar", kernels.name());
        } else {
            assertEquals(forced, kernels.name());
        }
    }

    @Test
    void dotAndAxpyAgreeWithPlainLoops() {
        SeededCases.run(60, 100, random -> {
            int length = random.nextInt(140);
            int aOffset = random.nextInt(4);
            int bOffset = random.nextInt(4);
            double[] a = SvdCases.gaussian(random, length + 5);
            double[] b = SvdCases.gaussian(random, length + 5);
            double expected = 0;
            double magnitude = 0;
            for (int i = 0; i < length; i++) {
                expected += a[aOffset + i] * b[bOffset + i];
                magnitude += Math.abs(a[aOffset + i] * b[bOffset + i]);
            }
            assertEquals(expected, kernels.dot(a, aOffset, b, bOffset, length), length * 0x1p-52 * magnitude + 0.0);
            double[] y = b.clone();
            kernels.axpy(0.75, a, aOffset, y, bOffset, length);
            for (int i = 0; i < y.length; i++) {
                boolean inside = i >= bOffset && i < bOffset + length;
                double plain = inside ? b[i] + 0.75 * a[aOffset + i - bOffset] : b[i];
                assertEquals(plain, y[i], inside ? 0x1p-51 * (Math.abs(b[i]) + Math.abs(plain)) : 0, "element " + i);
            }
        });
    }

    @Test
    void tilesAgreeWithPlainLoops() {
        int cols = kernels.tileCols();
        SeededCases.run(10, 200, random -> {
            int depth = random.nextInt(50);
            double[] a = SvdCases.gaussian(random, depth * DoubleKernels.TILE_ROWS + 2);
            double[] b = SvdCases.gaussian(random, depth * cols + 3);
            double[] tile = SvdCases.gaussian(random, DoubleKernels.TILE_ROWS * cols);
            kernels.tile(depth, a, 2, b, 3, tile);
            for (int i = 0; i < DoubleKernels.TILE_ROWS; i++) {
                for (int j = 0; j < cols; j++) {
                    double sum = 0;
                    double magnitude = 0;
                    for (int k = 0; k < depth; k++) {
                        double product = a[2 + k * DoubleKernels.TILE_ROWS + i] * b[3 + k * cols + j];
                        sum += product;
                        magnitude += Math.abs(product);
                    }
                    assertEquals(sum, tile[i * cols + j], depth * 0x1p-52 * magnitude);
                }
            }
        });
    }

    @Test
    void packingAndAddingTilesTouchTheirElementsAlone() {
        int cols = kernels.tileCols();
        int rows = DoubleKernels.TILE_ROWS;
        SeededCases.run(10, 210, random -> {
            int depth = random.nextInt(20);
            int stride = cols + random.nextInt(5);
            double[] b = SvdCases.gaussian(random, depth * stride + cols + 3);
            double[] packed = SvdCases.gaussian(random, depth * cols + 5);
            double[] before = packed.clone();
            kernels.pack(depth, b, 3, stride, packed, 2);
            for (int i = 0; i < packed.length; i++) {
                int k = (i - 2) / cols;
                boolean inside = i >= 2 && i < 2 + depth * cols;
                assertEquals(inside ? b[3 + k * stride + (i - 2) % cols] : before[i], packed[i], "element " + i);
            }
            double[] tile = SvdCases.gaussian(random, rows * cols);
            double[] c = SvdCases.gaussian(random, rows * stride + 7);
            double[] sums = c.clone();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < cols; j++) {
                    sums[4 + i * stride + j] += -0.75 * tile[i * cols + j];
                }
            }
            kernels.addTile(-0.75, tile, c, 4, stride);
            for (int i = 0; i < c.length; i++) {
                assertEquals(sums[i], c[i], sums[i] == c[i] ? 0 : 0x1p-50, "element " + i);
            }
        });
    }

    @Test
    void symmetricProductsAgreeWithPlainLoops() {
        int rows = DoubleKernels.SYMMETRIC_ROWS;
        SeededCases.run(40, 220, random -> {
            int length = random.nextInt(70);
            int stride = length + random.nextInt(4);
            double[] a = SvdCases.gaussian(random, rows * stride + 2);
            double[] x = SvdCases.gaussian(random, length + 3);
            double[] alpha = SvdCases.gaussian(random, rows);
            double[] y = SvdCases.gaussian(random, length + 2);
            double[] expected = y.clone();
            double[] expectedSums = new double[rows];
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < length; i++) {
                    expected[1 + i] += alpha[r] * a[2 + r * stride + i];
                    expectedSums[r] += a[2 + r * stride + i] * x[3 + i];
                }
            }
            double[] sums = SvdCases.gaussian(random, kernels.stripCols());
            kernels.symmetric(length, a, 2, stride, x, 3, alpha, y, 1, sums);
            for (int i = 0; i < y.length; i++) {
                boolean inside = i >= 1 && i <= length;
                assertEquals(expected[i], y[i], inside ? 1e-14 : 0, "element " + i);
            }
            for (int r = 0; r < rows; r++) {
                assertEquals(expectedSums[r], sums[r], 1e-13, "row " + r);
            }
        });
    }

    @Test
    void sumsOverPolesAgreeWithPlainLoops() {
        SeededCases.run(40, 230, random -> {
            int size = 1 + random.nextInt(60);
            int begin = random.nextInt(size);
            int end = begin + random.nextInt(size - begin + 1);
            double[] d = SvdCases.gaussian(random, size);
            double[] z = SvdCases.gaussian(random, size);
            double sum = 0;
            double slope = 0;
            double magnitude = 0;
            for (int i = begin; i < end; i++) {
                double delta = (d[i] - 0.25) - 0.125;
                sum += z[i] * z[i] / delta;
                slope += z[i] * z[i] / (delta * delta);
                magnitude += z[i] * z[i] / Math.abs(delta);
            }
            double[] sums = SvdCases.gaussian(random, kernels.stripCols());
            kernels.poles(begin, end, d, z, 0.25, 0.125, sums);
            assertEquals(sum, sums[0], (size + 4) * 0x1p-52 * magnitude);
            assertEquals(slope, sums[1], (size + 4) * 0x1p-52 * slope);
        });
    }

    @Test
    void rotationsAgreeWithPlainLoops() {
        int width = kernels.stripCols();
        SeededCases.run(10, 300, random -> {
            int first = random.nextInt(3);
            int last = first + 1 + random.nextInt(9);
            double[] turns = new double[2 * (last - first) + 4];
            for (int i = 0; i < turns.length; i += 2) {
                double angle = random.nextDouble(6.3);
                turns[i] = Math.cos(angle);
                turns[i + 1] = Math.sin(angle);
            }
            double[] x = SvdCases.gaussian(random, (last + 3) * width);
            double[] expected = x.clone();
            for (int i = last - 1; i >= first; i--) {
                double c = turns[2 * (2 + i - first)];
                double s = turns[2 * (2 + i - first) + 1];
                for (int j = 0; j < width; j++) {
                    double upper = expected[i * width + j];
                    double lower = expected[(i + 1) * width + j];
                    expected[(i + 1) * width + j] = s * upper + c * lower;
                    expected[i * width + j] = c * upper - s * lower;
                }
            }
            kernels.rotate(x, first, last, turns, 2);
            for (int i = 0; i < x.length; i++) {
                assertEquals(expected[i], x[i], 1e-14, "element " + i);
            }
        });
    }

    @Test
    void rangesOutsideOfTheArraysAreRefusedWhateverTheJvmChecks() {
        double[] x = new double[100];
        refused(() -> kernels.dot(x, 70, x, 0, 31));
        refused(() -> kernels.dot(x, 0, x, -1, 31));
        refused(() -> kernels.axpy(1, x, 0, x, 70, 31));
        refused(() -> kernels.axpy(1, x, -1, x, 0, 31));
        int cols = kernels.tileCols();
        double[] tile = new double[DoubleKernels.TILE_ROWS * cols];
        refused(() -> kernels.tile(2, x, 0, new double[2 * cols], 1, tile));
        refused(() -> kernels.tile(2, x, 77, new double[2 * cols], 0, tile));
        refused(() -> kernels.tile(1, x, 0, x, 0, new double[tile.length - 1]));
        refused(() -> kernels.pack(2, x, 99, cols, new double[2 * cols], 0));
        refused(() -> kernels.addTile(1, tile, new double[tile.length - 1], 0, cols));
        refused(() -> kernels.symmetric(26, x, 0, 26, x, 0, x, x, 0, strip(kernels)));
        refused(() -> kernels.poles(0, 30, x, new double[29], 0, 0, strip(kernels)));
        double[] strip = new double[3 * kernels.stripCols()];
        refused(() -> kernels.rotate(strip, 1, 3, x, 0));
        refused(() -> kernels.rotate(strip, -1, 1, x, 0));
    }

    private static double[] strip(DoubleKernels kernels) {
        return new double[kernels.stripCols()];
    }

    private static void refused(Executable call) {
        assertThrows(IndexOutOfBoundsException.class, call);
    }
}
