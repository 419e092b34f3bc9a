package dev.mimic.loader.tokenizer;

import dev.mimic.loader.tokenizer.AddedTokens.AddedToken;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** Texts to added tokens, by prefix. */
final class TokenTrie {
    private final Node root = new Node();
    private final BitSet firsts = new BitSet();
    private final Map<AddedToken, Integer> lengths = new HashMap<>();

    private static final class Node {
        private final Map<Character, Node> children = new HashMap<>();
        private AddedToken token;
    }

    /** Adds a form that is not empty; the last of equal ones counts. */
    void add(String form, AddedToken token) {
        firsts.set(form.charAt(0));
        Node node = root;
        for (int i = 0; i < form.length(); i++) {
            node = node.children.computeIfAbsent(form.charAt(i), c -> new Node());
        }
        node.token = token;
        lengths.put(token, form.length());
    }

    boolean isEmpty() {
        return lengths.isEmpty();
    }

    /** Length of a token's form in chars. */
    int length(AddedToken token) {
        return lengths.get(token);
    }

    /** The token of the longest form that the text has at an index, null if there is none. */
    AddedToken longest(String text, int index) {
        if (!firsts.get(text.charAt(index))) {
            return null;
        }
        AddedToken found = null;
        Node node = root;
        for (int i = index; i < text.length(); i++) {
            node = node.children.get(text.charAt(i));
            if (node == null) {
                break;
            }
            if (node.token != null) {
                found = node.token;
            }
        }
        return found;
    }
}
