package dev.mimic.engine.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;

/** The items of an iterator that pass a test, each looked for when it is asked for. */
final class Filtered implements Iterator<Object> {
    private final Iterator<Object> items;
    private final Predicate<Object> test;
    private Object next = Items.ABSENT;

    Filtered(Iterator<Object> items, Predicate<Object> test) {
        this.items = items;
        this.test = test;
    }

    @Override
    public boolean hasNext() {
        while (next == Items.ABSENT && items.hasNext()) {
            Object item = items.next();
            if (test.test(item)) {
                next = item;
            }
        }
        return next != Items.ABSENT;
    }

    @Override
    public Object next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Object item = next;
        next = Items.ABSENT;
        return item;
    }
}
