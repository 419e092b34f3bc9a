package dev.mimic.engine.jinja;

import java.util.List;

/** jinja2's {@code cycler(…)}. */
final class Cycler {
    private final List<Object> items;
    private int at;

    Cycler(List<Object> items) {
        if (items.isEmpty()) {
            throw new TemplateException("at least one item has to be provided");
        }
        this.items = items;
    }

    Object attribute(String name) {
        return switch (name) {
            case "current" -> items.get(at);
            case "next" ->
                (Callable) (arguments, _) -> {
                    arguments.bind("next");
                    Object item = items.get(at);
                    at = (at + 1) % items.size();
                    return item;
                };
            case "reset" ->
                (Callable) (arguments, _) -> {
                    arguments.bind("reset");
                    at = 0;
                    return null;
                };
            default -> Items.ABSENT;
        };
    }
}
