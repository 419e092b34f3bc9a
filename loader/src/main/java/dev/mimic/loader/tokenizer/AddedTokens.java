package dev.mimic.loader.tokenizer;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tokens beside the model, such as the special ones: found in the text before anything else, the longest at the
 * leftmost place. Those marked as normalized are looked for in the normalized text, in their own normalized form.
 */
final class AddedTokens {
    private final Map<Integer, AddedToken> byId = new HashMap<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, String> normalizedForms = new HashMap<>();
    private final Set<String> specialContents = new HashSet<>();
    private final TokenTrie raw = new TokenTrie();
    private final TokenTrie normalized = new TokenTrie();
    private int highestId = -1;

    /** One token, as the file has it. */
    record AddedToken(
            int id,
            String content,
            boolean singleWord,
            boolean leftStrip,
            boolean rightStrip,
            boolean normalized,
            boolean special) {}

    /** Takes the parts of a text between tokens, and the tokens. */
    interface Parts {
        /**
         * A part without tokens.
         *
         * @param start whether it begins where the text begins
         */
        void text(String part, boolean start);

        void token(int id);
    }

    /**
     * Makes the set.
     *
     * @param tokens without an id or a content that comes twice
     * @param normalizer null if there is none
     */
    AddedTokens(List<AddedToken> tokens, Normalizer normalizer) {
        for (AddedToken token : tokens) {
            byId.put(token.id, token);
            ids.put(token.content, token.id);
            highestId = Math.max(highestId, token.id);
            if (token.special) {
                specialContents.add(token.content);
            }
            if (!token.normalized) {
                raw.add(token.content, token);
                continue;
            }
            String form = normalizer == null ? token.content : normalizer.normalize(token.content);
            if (!form.equals(token.content)) {
                normalizedForms.put(token.id, form);
            }
            if (!form.isEmpty()) {
                normalized.add(form, token);
            }
        }
    }

    int highestId() {
        return highestId;
    }

    /** The token of an id, null if there is none. */
    AddedToken get(int id) {
        return byId.get(id);
    }

    /** The id of a content, null if there is none. */
    Integer idOf(String content) {
        return ids.get(content);
    }

    /** What the decoder gets for a token: its normalized form, if that differs. */
    String decodedForm(AddedToken token) {
        return normalizedForms.getOrDefault(token.id, token.content);
    }

    /** Whether decoding leaves a form out when special tokens are not wanted. */
    boolean isSpecial(String form) {
        return specialContents.contains(form);
    }

    /** Cuts a text at the tokens that are looked for before normalization. */
    void cutRaw(String text, Parts parts) {
        cut(raw, text, parts);
    }

    /** Cuts a text at the tokens that are looked for after normalization. */
    void cutNormalized(String text, Parts parts) {
        cut(normalized, text, parts);
    }

    private static void cut(TokenTrie trie, String text, Parts parts) {
        int done = 0;
        int at = 0;
        while (!trie.isEmpty() && at < text.length()) {
            AddedToken token = trie.longest(text, at);
            if (token == null) {
                at++;
                continue;
            }
            int from = at;
            int to = at + trie.length(token);
            at = to;
            if (token.singleWord && !standsAlone(text, from, to)) {
                continue;
            }
            if (token.leftStrip) {
                from = Math.max(withoutBlanksBefore(text, from), done);
            }
            if (token.rightStrip) {
                to = withBlanksAfter(text, to);
            }
            if (done < from) {
                parts.text(text.substring(done, from), done == 0);
            }
            parts.token(token.id);
            done = to;
        }
        if (done < text.length()) {
            parts.text(done == 0 ? text : text.substring(done), done == 0);
        }
    }

    private static boolean standsAlone(String text, int from, int to) {
        return (from == 0 || !Unicode.isWord(text.codePointBefore(from)))
                && (to == text.length() || !Unicode.isWord(text.codePointAt(to)));
    }

    private static int withoutBlanksBefore(String text, int index) {
        int at = index;
        while (at > 0 && Unicode.isWhiteSpace(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    private static int withBlanksAfter(String text, int index) {
        int at = index;
        while (at < text.length() && Unicode.isWhiteSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
