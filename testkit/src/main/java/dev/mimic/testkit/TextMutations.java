package dev.mimic.testkit;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;

/** Edits of a text in a language of words: words of the language are put in, taken out, doubled and exchanged. */
public final class TextMutations {
    private TextMutations() {}

    /**
     * Edits with the words of a language.
     *
     * @param words keywords, brackets, operators; what the language's own parser looks for
     */
    public static Mutator words(List<String> words) {
        return (input, random) -> {
            String text = new String(input, StandardCharsets.UTF_8);
            String word = words.get(random.nextInt(words.size()));
            int at = random.nextInt(text.length() + 1);
            String edited = switch (random.nextInt(6)) {
                case 0 -> text.substring(0, at) + " " + word + " " + text.substring(at);
                case 1 -> text.substring(0, at) + word + text.substring(at);
                case 2 -> exchange(text, word, words.get(random.nextInt(words.size())), random);
                case 3 -> exchange(text, word, "", random);
                case 4 -> text.substring(0, at) + word.repeat(1 + random.nextInt(2000)) + text.substring(at);
                default -> moved(text, at, random);
            };
            return edited.getBytes(StandardCharsets.UTF_8);
        };
    }

    /** One occurrence of a word replaced. */
    private static String exchange(String text, String word, String by, RandomGenerator random) {
        int from = text.indexOf(word, random.nextInt(text.length() + 1));
        from = from >= 0 ? from : text.indexOf(word);
        return from < 0 ? text : text.substring(0, from) + by + text.substring(from + word.length());
    }

    /** A piece copied to another place. */
    private static String moved(String text, int at, RandomGenerator random) {
        int from = random.nextInt(text.length() + 1);
        int to = Math.min(text.length(), from + random.nextInt(40));
        return text.substring(0, at) + text.substring(from, to) + text.substring(at);
    }
}
