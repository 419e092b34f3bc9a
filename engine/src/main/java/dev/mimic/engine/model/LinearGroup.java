package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.GemvGroup;
import dev.mimic.kernels.svf.SvfKernels.Phase;

/**
 * Linear layers that read the same x. Where they add up in the order of decoding their products go to the threads
 * together, because a product of a small model takes little longer than its hand-over; the bits are those of each layer
 * alone. On another device than the processor nothing is handed to threads.
 */
final class LinearGroup {
    private final Linear[] linears;
    private final GemvGroup products = new GemvGroup();

    /** By layer: {@code Vᵀ x}, [rows, rank], and what residual factors add, [rows, out]; grown by the first steps. */
    private final float[][] projected;

    private final float[][] corrections;

    LinearGroup(Linear... linears) {
        this.linears = linears;
        projected = new float[linears.length][0];
        corrections = new float[linears.length][0];
    }

    /**
     * Applies the layers.
     *
     * @param x [rows, in]
     * @param y by layer, [rows, out]; overwritten
     */
    void apply(Backend backend, Step step, float[] x, Activations scratch, float[][] y, ForwardTrace trace) {
        if (step.products() != Phase.DECODE || !backend.onProcessor() || keeps(trace) || endsPlain(step)) {
            for (int i = 0; i < linears.length; i++) {
                LinearForward.apply(linears[i], backend, step, x, scratch, y[i], trace);
            }
            return;
        }
        try {
            addFirst(backend, step, x, y);
            backend.matrix().gemv(step.rows(), products);
            products.clear();
            addSecond(backend, step, y);
            if (products.count() > 0) {
                backend.matrix().gemv(step.rows(), products);
            }
        } finally {
            products.clear();
        }
        for (int i = 0; i < linears.length; i++) {
            if (linears[i] instanceof Linear.Svf svf && svf.weight().isPresent() && scales(step, svf)) {
                float[][] scales = step.scales(svf.slot());
                backend.svf().addCorrections(step.rows(), svf.out(), scales, corrections[i], y[i]);
            }
            LinearForward.finish(linears[i], backend, step, x, y[i]);
        }
    }

    private boolean keeps(ForwardTrace trace) {
        for (Linear linear : linears) {
            if (linear instanceof Linear.Svf svf && trace.projection(svf.slot()) != null) {
                return true;
            }
        }
        return false;
    }

    /** Whether the last rows have no scales where others have: apart, a layer's factors are read for the rows before them. */
    private boolean endsPlain(Step step) {
        for (Linear linear : linears) {
            if (linear instanceof Linear.Svf svf
                    && svf.weight().isPresent()
                    && scales(step, svf)
                    && step.scales(svf.slot())[step.rows() - 1] == null) {
                return true;
            }
        }
        return false;
    }

    /** Whether the factors are read: the factored form always does, the residual one for rows that have scales. */
    private static boolean scales(Step step, Linear.Svf svf) {
        if (svf.weight().isEmpty()) {
            return true;
        }
        float[][] scales = step.scales(svf.slot());
        for (int row = 0; row < step.rows(); row++) {
            if (scales[row] != null) {
                return true;
            }
        }
        return false;
    }

    private void addFirst(Backend backend, Step step, float[] x, float[][] y) {
        for (int i = 0; i < linears.length; i++) {
            switch (linears[i]) {
                case Linear.Dense dense -> products.add(dense.weight(), x, y[i]);
                case Linear.Svf svf -> {
                    if (svf.weight().isPresent()) {
                        products.add(svf.weight().get(), x, y[i]);
                    }
                    if (scales(step, svf)) {
                        projected[i] =
                                grown(projected[i], step.rows() * svf.factors().rank());
                        backend.svf().addProjection(products, svf.factors(), x, projected[i]);
                    }
                }
            }
        }
    }

    private void addSecond(Backend backend, Step step, float[][] y) {
        for (int i = 0; i < linears.length; i++) {
            if (linears[i] instanceof Linear.Svf svf && scales(step, svf)) {
                float[] to = y[i];
                if (svf.weight().isPresent()) {
                    to = corrections[i] = grown(corrections[i], step.rows() * svf.out());
                }
                float[][] scales = step.scales(svf.slot());
                backend.svf().addExpansion(products, svf.factors(), step.rows(), scales, projected[i], to);
            }
        }
    }

    private static float[] grown(float[] array, int length) {
        return array.length < length ? new float[length] : array;
    }
}
