package dev.mimic.testkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.IdentityHashMap;

/**
 * Counts how many rows go through each weight: of all methods whose first two arguments are a weight and a number of rows,
 * whatever their types. For one calling thread at a time.
 */
public final class CountedRows {
    private final IdentityHashMap<Object, Long> rows = new IdentityHashMap<>();

    /** None so far. */
    public CountedRows() {}

    /** A kernel family that does what another does, counted. */
    public <T> T over(Class<T> family, T kernels) {
        return family.cast(Proxy.newProxyInstance(
                family.getClassLoader(), new Class<?>[] {family}, (_, method, arguments) -> {
                    if (arguments != null && arguments.length > 1 && arguments[1] instanceof Integer count) {
                        rows.merge(arguments[0], (long) count, Long::sum);
                    }
                    try {
                        return method.invoke(kernels, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    /** Rows that went through a weight since the last call; 0 from here on. */
    public long take(Object weight) {
        Long count = rows.remove(weight);
        return count == null ? 0 : count;
    }
}
