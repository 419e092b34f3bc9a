package dev.mimic.adapt.comparison;

import dev.mimic.adapt.dispatch.Dispatcher;
import java.util.List;
import java.util.Optional;

/** What answers for a method in a column, or why nothing can. */
public sealed interface Contender {
    /**
     * Ready to answer.
     *
     * @param dispatcher what decides for each question
     * @param parameters trained numbers in use
     * @param experts files in use
     * @param mixture the few-shot mixture, where it is one
     */
    record Ready(Dispatcher dispatcher, int parameters, List<String> experts, Optional<Mixture> mixture)
            implements Contender {
        public Ready {
            experts = List.copyOf(experts);
        }
    }

    /**
     * Cannot answer.
     *
     * @param why what is missing, one line
     */
    record Missing(String why) implements Contender {}
}
