package dev.mimic.engine;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Hands pieces of text from the engine's thread to one that reads a stream. */
final class TextStream implements GenerationListener {
    private final LinkedBlockingQueue<Optional<String>> pieces = new LinkedBlockingQueue<>(); // empty: the end

    @Override
    public void onText(String piece) {
        pieces.add(Optional.of(piece));
    }

    Stream<String> over(PendingGeneration pending) {
        pending.whenDone(() -> pieces.add(Optional.empty()));
        Spliterator<String> all =
                Spliterators.spliteratorUnknownSize(new Pieces(pending), Spliterator.ORDERED | Spliterator.NONNULL);
        return StreamSupport.stream(all, false).onClose(pending::cancel);
    }

    private final class Pieces implements Iterator<String> {
        private final PendingGeneration pending;
        private Optional<String> next;

        Pieces(PendingGeneration pending) {
            this.pending = pending;
        }

        @Override
        public boolean hasNext() {
            if (next == null) {
                next = take();
                if (next.isEmpty()) {
                    pending.await(); // throws what went wrong
                }
            }
            return next.isPresent();
        }

        /** An interrupted reader gets what there is: the reply is cancelled and soon ends. */
        private Optional<String> take() {
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        return pieces.take();
                    } catch (InterruptedException e) {
                        interrupted = true;
                        pending.cancel();
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        @Override
        public String next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the reply has ended");
            }
            String piece = next.get();
            next = null;
            return piece;
        }
    }
}
