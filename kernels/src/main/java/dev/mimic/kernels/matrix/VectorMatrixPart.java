package dev.mimic.kernels.matrix;

/** One product as it is handed over. Mutable, because products are handed over without allocating. */
final class VectorMatrixPart {
    VectorMatrixKernels.Ranged operation;
    Matrix weights;
    int batch;
    float[] x;
    float[] y;
    int items;
    int grain;

    /** Where the sums of slices are to end that y has in the meantime, else null. */
    float[] total;

    /** Sums of slices: as many as the largest product had. */
    float[] sliceSums = new float[0];

    /** A share's range of this product, which may be empty. */
    void run(int share, int shares, VectorWorkspace workspace) {
        int begin = bound(share, shares);
        int end = bound(share + 1, shares);
        if (begin < end) {
            operation.range(weights, batch, x, y, begin, end, workspace);
        }
    }

    private int bound(int share, int shares) {
        return (int) Math.min(items, grains() * share / shares * grain);
    }

    long grains() {
        return ((long) items + grain - 1) / grain;
    }

    void forget() {
        operation = null;
        weights = null;
        x = null;
        y = null;
        total = null;
    }
}
