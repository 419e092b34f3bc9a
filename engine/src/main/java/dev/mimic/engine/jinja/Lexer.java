package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens as jinja2 does with {@code trim_blocks}, {@code lstrip_blocks} and without {@code
 * keep_trailing_newline}: the first line end after a block or comment is dropped, and so are blanks before it on its
 * line; {@code -} strips all white space on its side, {@code +} switches the default off.
 */
final class Lexer {
    private static final List<String> OPERATORS = List.of(
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
            "=", ".", ":", "|", ",", ";");
    // possessive: a failed match must not try every way to split the digits
    private static final Pattern FLOAT = Pattern.compile(
            "[0-9]++(?:_[0-9]++)*+(?:(?:\\.[0-9]++(?:_[0-9]++)*+)?[eE][+-]?[0-9]++(?:_[0-9]++)*+|\\.[0-9]++(?:_[0-9]++)*+)");
    private static final Pattern INTEGER = Pattern.compile(
            "0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?[0-9a-fA-F])++|[1-9](?:_?[0-9])*+|0(?:_?0)*+");
    private static final int MAX_DIGITS = 4300;

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private boolean lineStart = true;

    private Lexer(String source) {
        String normal = source.replace("\r\n", "\n").replace('\r', '\n');
        this.source = normal.endsWith("\n") ? normal.substring(0, normal.length() - 1) : normal;
    }

    /**
     * The tokens of a template; the last one is of kind END.
     *
     * @throws TemplateException if it cannot be cut
     */
    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int open = nextOpening(at);
            if (open < 0) {
                data(source.substring(at));
                at = source.length();
                break;
            }
            char kind = source.charAt(open + 1);
            char sign = signAt(open + 2);
            data(before(source.substring(at, open), sign, kind != '{'));
            skipTo(open);
            at = open + 2 + (sign == 0 ? 0 : 1);
            switch (kind) {
                case '#' -> comment();
                case '%' -> {
                    if (!raw()) {
                        code(Token.Kind.BLOCK_BEGIN, Token.Kind.BLOCK_END, "%}");
                    }
                }
                default -> code(Token.Kind.VARIABLE_BEGIN, Token.Kind.VARIABLE_END, "}}");
            }
        }
        tokens.add(new Token(Token.Kind.END, "", null, line));
    }

    private int nextOpening(int from) {
        for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
            if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    private char signAt(int index) {
        return index < source.length() && (source.charAt(index) == '-' || source.charAt(index) == '+')
                ? source.charAt(index)
                : 0;
    }

    /** What is left of the data before a tag. */
    private String before(String text, char sign, boolean stripsLine) {
        if (sign == '-') {
            return CodePoints.strip(text, null, false, true);
        }
        if (sign == 0 && stripsLine) {
            int from = text.lastIndexOf('\n') + 1;
            if ((from > 0 || lineStart)
                    && CodePoints.strip(text.substring(from), null, true, false).isEmpty()) {
                return text.substring(0, from);
            }
        }
        return text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Token.Kind.DATA, text, null, line));
        }
    }

    private void skipTo(int index) {
        for (; at < index; at++) {
            line += source.charAt(at) == '\n' ? 1 : 0;
        }
    }

    private void comment() {
        if (at >= source.length()) {
            // jinja2 forgives what is left open at the very end
            return;
        }
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw new TemplateException("Missing end of comment tag", line);
        }
        // {#-#}: the sign belongs to one side only
        char sign = end > at ? signAt(end - 1) : 0;
        skipTo(end + 2);
        afterTag(sign, true);
    }

    /** After the end of a tag: {@code -} drops white space, otherwise one line end is dropped. */
    private void afterTag(char sign, boolean trims) {
        int end = at;
        if (sign == '-') {
            while (end < source.length() && CodePoints.isSpace(source.charAt(end))) {
                end++;
            }
        } else if (sign != '+' && trims && end < source.length() && source.charAt(end) == '\n') {
            end++;
        }
        skipTo(end);
        lineStart = source.charAt(at - 1) == '\n';
    }

    /** A raw block, if one begins here (behind the sign of its tag). */
    private boolean raw() {
        int name = skipSpace(at);
        if (!source.startsWith("raw", name)) {
            return false;
        }
        int end = skipSpace(name + 3);
        char sign = end < source.length() && source.charAt(end) == '-' ? '-' : 0;
        int close = end + (sign == 0 ? 0 : 1);
        if (!source.startsWith("%}", close)) {
            return false;
        }
        skipTo(close + 2);
        afterTag(sign, false);
        for (int open = source.indexOf("{%", at); open >= 0; open = source.indexOf("{%", open + 1)) {
            char before = signAt(open + 2);
            int word = skipSpace(open + 2 + (before == 0 ? 0 : 1));
            if (!source.startsWith("endraw", word)) {
                continue;
            }
            int last = skipSpace(word + 6);
            char after = signAt(last);
            int closing = last + (after == 0 ? 0 : 1);
            if (source.startsWith("%}", closing)) {
                data(before(source.substring(at, open), before, true));
                skipTo(closing + 2);
                afterTag(after, true);
                return true;
            }
        }
        if (at >= source.length()) {
            return true;
        }
        throw new TemplateException("Missing end of raw directive", line);
    }

    private int skipSpace(int from) {
        int to = from;
        while (to < source.length() && CodePoints.isSpace(source.charAt(to))) {
            to++;
        }
        return to;
    }

    private void code(Token.Kind begin, Token.Kind end, String close) {
        tokens.add(new Token(begin, "", null, line));
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            skipTo(skipSpace(at));
            if (at >= source.length()) {
                // the parser says what is missing
                return;
            }
            if (open.isEmpty()) {
                char sign = close.equals("%}") || source.charAt(at) == '-' ? signAt(at) : 0;
                int after = at + (sign == 0 ? 0 : 1);
                if (source.startsWith(close, after)) {
                    tokens.add(new Token(end, "", null, line));
                    skipTo(after + 2);
                    afterTag(sign, close.equals("%}"));
                    return;
                }
            }
            token(open);
        }
    }

    private void token(Deque<Character> open) {
        char c = source.charAt(at);
        if (c >= '0' && c <= '9') {
            number();
        } else if (c == '\'' || c == '"') {
            string(c);
        } else if (isWord(source.codePointAt(at))) {
            name();
        } else {
            String operator = OPERATORS.stream()
                    .filter(sign -> source.startsWith(sign, at))
                    .findFirst()
                    .orElseThrow(() -> new TemplateException(
                            "unexpected char " + PythonText.quote(Character.toString(source.codePointAt(at))) + " at "
                                    + at,
                            line));
            balance(operator, open);
            tokens.add(new Token(Token.Kind.OPERATOR, operator, null, line));
            at += operator.length();
        }
    }

    private void balance(String operator, Deque<Character> open) {
        switch (operator) {
            case "(" -> open.push(')');
            case "[" -> open.push(']');
            case "{" -> open.push('}');
            case ")", "]", "}" -> {
                if (open.isEmpty()) {
                    throw new TemplateException("unexpected '" + operator + "'", line);
                }
                char expected = open.pop();
                if (expected != operator.charAt(0)) {
                    throw new TemplateException("unexpected '" + operator + "', expected '" + expected + "'", line);
                }
            }
            default -> {}
        }
    }

    private static boolean isWord(int c) {
        return c == '_' || Character.isLetter(c) || StringMethods.isNumeric(c);
    }

    private void name() {
        int end = at;
        while (end < source.length() && isWord(source.codePointAt(end))) {
            end += Character.charCount(source.codePointAt(end));
        }
        String name = source.substring(at, end);
        if (!StringMethods.isIdentifier(name)) {
            throw new TemplateException("Invalid character in identifier", line);
        }
        tokens.add(new Token(Token.Kind.NAME, name, null, line));
        at = end;
    }

    private void number() {
        // a.0.1 has two integers: no float begins behind a dot
        boolean afterDot = at > 0 && source.charAt(at - 1) == '.';
        Matcher floating = FLOAT.matcher(source).region(at, source.length());
        if (!afterDot && floating.lookingAt()) {
            String text = floating.group();
            tokens.add(new Token(Token.Kind.FLOAT, text, Double.valueOf(text.replace("_", "")), line));
            at = floating.end();
            return;
        }
        Matcher integer = INTEGER.matcher(source).region(at, source.length());
        if (!integer.lookingAt()) {
            throw new TemplateException("unexpected char " + PythonText.quote("" + source.charAt(at)), line);
        }
        String text = integer.group();
        String digits = text.replace("_", "");
        if (digits.length() > MAX_DIGITS) {
            throw new TemplateException("integer of more than " + MAX_DIGITS + " digits", line);
        }
        int base = digits.length() < 2
                ? 10
                : switch (digits.charAt(1)) {
                    case 'b', 'B' -> 2;
                    case 'o', 'O' -> 8;
                    case 'x', 'X' -> 16;
                    default -> 10;
                };
        Object value = Numbers.normal(new BigInteger(base == 10 ? digits : digits.substring(2), base));
        tokens.add(new Token(Token.Kind.INTEGER, text, value, line));
        at = integer.end();
    }

    private void string(char mark) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != mark) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new TemplateException("unexpected char " + PythonText.quote("" + mark) + " at " + at, line);
        }
        String text = StringLiteral.unescape(source.substring(at + 1, end), line);
        tokens.add(new Token(Token.Kind.STRING, text, text, line));
        skipTo(end + 1);
    }
}
