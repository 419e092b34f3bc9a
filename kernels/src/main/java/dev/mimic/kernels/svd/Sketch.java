package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jtransforms.dct.DoubleDCT_1D;
import pl.edu.icm.jlargearrays.ConcurrencyUtils;

/** The random projection {@code A Ω} of a randomized decomposition (Halko, Martinsson, Tropp 2011). */
public sealed interface Sketch {
    /**
     * The matrix Ω, rounded to floats.
     *
     * @param width columns of the projection, at most cols
     * @param cols columns of A
     * @param seed the same seed gives the same matrix
     * @return [width, cols]: Ω by columns
     */
    float[] matrix(WorkerPool pool, int width, int cols, long seed);

    /** Independent normal entries (section 4.1 there). */
    record Gaussian() implements Sketch {
        @Override
        public float[] matrix(WorkerPool pool, int width, int cols, long seed) {
            float[] omega = new float[Math.multiplyExact(width, cols)];
            long[] seeds = generator(seed).longs(width).toArray(); // one a column: threads share the columns
            pool.run(width, 4, (begin, end) -> {
                for (int k = begin; k < end; k++) {
                    RandomGenerator random = generator(seeds[k]);
                    for (int j = 0; j < cols; j++) {
                        omega[k * cols + j] = (float) random.nextGaussian();
                    }
                }
            });
            return omega;
        }
    }

    /**
     * Subsampled random trigonometric transform (section 4.6 there, with the cosine transform in Fourier's place): signs,
     * a random order (without it a nearly diagonal A is sampled badly), orthonormal DCT-II, a sample of the columns without
     * replacement.
     */
    record Srft() implements Sketch {
        private static final int STRIP = 256;

        /** Of the rows of the identity: for a device, where there is a matrix product and no cosine transform. */
        @Override
        public float[] matrix(WorkerPool pool, int width, int cols, long seed) {
            float[] omega = new float[Math.multiplyExact(width, cols)];
            for (int from = 0; from < cols; from += STRIP) {
                int rows = Math.min(STRIP, cols - from);
                double[] identity = new double[Math.multiplyExact(rows, cols)];
                for (int i = 0; i < rows; i++) {
                    identity[i * cols + from + i] = 1;
                }
                double[] strip = project(pool, identity, rows, cols, width, seed);
                for (int k = 0; k < width; k++) {
                    for (int i = 0; i < rows; i++) {
                        omega[k * cols + from + i] = (float) strip[k * rows + i];
                    }
                }
            }
            return omega;
        }

        /**
         * Projects the rows of A.
         *
         * @param a [rows, cols], row-major; read only
         * @param width columns of the projection, at most cols
         * @param seed the same seed gives the same projection
         * @return [width, rows]: A Ω by columns
         */
        double[] project(WorkerPool pool, double[] a, int rows, int cols, int width, long seed) {
            RandomGenerator random = generator(seed);
            boolean[] flipped = new boolean[cols];
            for (int j = 0; j < cols; j++) {
                flipped[j] = random.nextBoolean();
            }
            int[] place = sample(random, cols, cols);
            int[] sample = sample(random, cols, width);
            double scale = Math.sqrt((double) cols / width);
            double[] projected = new double[Math.multiplyExact(width, rows)];
            ConcurrencyUtils.setNumberOfThreads(1); // ours is the only pool
            pool.run(rows, 16, (begin, end) -> {
                DoubleDCT_1D transform = new DoubleDCT_1D(cols);
                double[] row = new double[cols];
                for (int i = begin; i < end; i++) {
                    for (int j = 0; j < cols; j++) {
                        row[place[j]] = flipped[j] ? -a[i * cols + j] : a[i * cols + j];
                    }
                    transform.forward(row, true);
                    for (int k = 0; k < width; k++) {
                        projected[k * rows + i] = scale * row[sample[k]];
                    }
                }
            });
            return projected;
        }

        private static int[] sample(RandomGenerator random, int cols, int width) {
            int[] sample = new int[cols];
            for (int j = 0; j < cols; j++) {
                sample[j] = j;
            }
            for (int k = 0; k < width; k++) { // Fisher and Yates, the first width places
                int other = k + random.nextInt(cols - k);
                int kept = sample[k];
                sample[k] = sample[other];
                sample[other] = kept;
            }
            return java.util.Arrays.copyOf(sample, width);
        }
    }

    private static RandomGenerator generator(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }
}
