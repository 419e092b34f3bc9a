package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Parses a template's statements. */
final class Parser {
    private static final Set<String> SPECIAL = Set.of("caller", "kwargs", "varargs");
    private static final Set<String> OTHER_TEMPLATES = Set.of("include", "import", "from", "extends", "block");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    /**
     * The statements of a template.
     *
     * @throws TemplateException if it does not follow the grammar or uses what is refused
     */
    static List<Statement> parse(String source) {
        Parser parser = new Parser(new TokenStream(Lexer.tokens(source)));
        return parser.body();
    }

    /** Statements up to one of the end tags, whose name is the current token then; to the template's end if none. */
    private List<Statement> body(String... ends) {
        tokens.enter();
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> body.add(new Statement.Data(token.text(), token.line()));
                case VARIABLE_BEGIN -> {
                    body.add(new Statement.Output(expressions.tuple(true, null), token.line()));
                    tokens.expect(Token.Kind.VARIABLE_END, "end of print statement");
                }
                case BLOCK_BEGIN -> {
                    for (String end : ends) {
                        if (tokens.isName(end)) {
                            tokens.leave();
                            return body;
                        }
                    }
                    body.add(statement(ends));
                    tokens.expect(Token.Kind.BLOCK_END, "end of statement block");
                }
                default -> {
                    if (ends.length > 0) {
                        throw new TemplateException(
                                "Unexpected end of template. Jinja was looking for the following tags: "
                                        + looking(ends),
                                token.line());
                    }
                    tokens.leave();
                    return body;
                }
            }
        }
    }

    private static String looking(String... ends) {
        return "'" + String.join("' or '", ends) + "'";
    }

    /** The body of a statement: an optional colon, the end of its tag, statements. */
    private List<Statement> blockBody(String... ends) {
        tokens.skipIf(":");
        tokens.expect(Token.Kind.BLOCK_END, "end of statement block");
        return body(ends);
    }

    /** As {@link #blockBody} with one end, which is dropped. */
    private List<Statement> closedBody(String end) {
        List<Statement> body = blockBody(end);
        tokens.next();
        return body;
    }

    private Statement statement(String... ends) {
        Token tag = tokens.expect(Token.Kind.NAME, "tag name");
        int line = tag.line();
        return switch (tag.text()) {
            case "if" -> ifStatement(line);
            case "for" -> forStatement(line);
            case "set" -> setStatement(line);
            case "with" -> withStatement(line);
            case "macro" -> macro(line);
            case "call" -> callBlock(line);
            case "filter" -> {
                Expression filter = expressions.filterChain(null);
                yield new Statement.FilterBlock(filter, closedBody("endfilter"), line);
            }
            case "generation" -> new Statement.Scoped(function("endgeneration", new HashSet<>()), line);
            case "autoescape" -> autoescape(line);
            case "print" -> new Statement.Output(expressions.tuple(true, null), line);
            case "break" -> inLoop(new Statement.Break(line));
            case "continue" -> inLoop(new Statement.Continue(line));
            default -> throw unknown(tag, ends);
        };
    }

    private static TemplateException unknown(Token tag, String... ends) {
        if (OTHER_TEMPLATES.contains(tag.text())) {
            return new TemplateException(
                    "tag '" + tag.text() + "' is not supported: a chat template stands alone", tag.line());
        }
        return new TemplateException(
                "Encountered unknown tag '" + tag.text() + "'."
                        + (ends.length == 0 ? "" : " Jinja was looking for the following tags: " + looking(ends)),
                tag.line());
    }

    private Statement inLoop(Statement statement) {
        if (loops == 0) {
            throw new TemplateException(
                    "'" + (statement instanceof Statement.Break ? "break" : "continue") + "' outside loop",
                    statement.line());
        }
        return statement;
    }

    private Statement autoescape(int line) {
        Expression flag = expressions.expression();
        if (!(flag instanceof Expression.Constant constant) || !Boolean.FALSE.equals(constant.value())) {
            throw new TemplateException("tag 'autoescape' is only supported with false", line);
        }
        return new Statement.Scoped(closedBody("endautoescape"), line);
    }

    private Statement ifStatement(int line) {
        List<Expression> tests = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        expressions.uncertain(1);
        String tag = "elif";
        while (tag.equals("elif")) {
            tests.add(expressions.tuple(false, null));
            bodies.add(blockBody("elif", "else", "endif"));
            tag = tokens.next().text();
        }
        if (tag.equals("else")) {
            bodies.add(closedBody("endif"));
        }
        expressions.uncertain(-1);
        return new Statement.If(tests, bodies, line);
    }

    private Statement forStatement(int line) {
        Expression target = target(false, "in");
        if (!tokens.skipIfName("in")) {
            throw tokens.unexpected("in");
        }
        Expression items = expressions.tuple(false, "recursive");
        Expression test = tokens.skipIfName("if") ? expressions.expression() : null;
        boolean recursive = tokens.skipIfName("recursive");
        loops++;
        List<Statement> body = blockBody("endfor", "else");
        loops--;
        List<Statement> otherwise = tokens.next().text().equals("else") ? closedBody("endfor") : List.of();
        return new Statement.For(target, items, test, recursive, body, otherwise, line);
    }

    private Statement setStatement(int line) {
        Expression target = target(true, null);
        if (tokens.skipIf("=")) {
            return new Statement.Set(target, expressions.tuple(true, null), line);
        }
        Expression filter = tokens.skipIf("|") ? expressions.filterChain(null) : null;
        return new Statement.SetBlock(target, filter, closedBody("endset"), line);
    }

    private Statement withStatement(int line) {
        List<Expression> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.is(Token.Kind.BLOCK_END)) {
            if (!targets.isEmpty()) {
                tokens.expect(",");
            }
            targets.add(target(false, null));
            tokens.expect("=");
            values.add(expressions.expression());
        }
        return new Statement.With(targets, values, closedBody("endwith"), line);
    }

    /** What a value can be assigned to: names, with commas between them and in parentheses, or a namespace's attribute. */
    private Expression target(boolean namespaces, String endName) {
        int line = tokens.current().line();
        List<Expression> targets = new ArrayList<>();
        boolean isTuple = false;
        while (targets.isEmpty()
                || !(tokens.is(")")
                        || tokens.is(Token.Kind.BLOCK_END)
                        || (endName != null && tokens.isName(endName)))) {
            targets.add(oneTarget(namespaces, endName));
            if (!tokens.skipIf(",")) {
                break;
            }
            isTuple = true;
        }
        return isTuple ? new Expression.TupleOf(targets, line) : targets.getFirst();
    }

    private Expression oneTarget(boolean namespaces, String endName) {
        if (tokens.is("(")) {
            tokens.enter();
            tokens.next();
            Expression inner = target(namespaces, endName);
            tokens.expect(")");
            tokens.leave();
            return inner;
        }
        Token name = tokens.expect(Token.Kind.NAME, "name");
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
            throw new TemplateException("can't assign to '" + name.text() + "'", name.line());
        }
        if (name.text().equals("loop") && (loops > 0 || "in".equals(endName))) {
            throw new TemplateException("Can't assign to special loop variable in for-loop target", name.line());
        }
        if (namespaces && tokens.skipIf(".")) {
            return new Expression.NamespaceTarget(name.text(), tokens.expectName(), name.line());
        }
        return new Expression.Name(name.text(), name.line());
    }

    private Statement macro(int line) {
        String name = tokens.expectName();
        Set<String> used = new HashSet<>();
        List<Expression> defaults = new ArrayList<>();
        List<String> parameters = parameters(defaults);
        List<Statement> body = function("endmacro", used);
        if (used.contains("caller")
                && parameters.contains("caller")
                && parameters.indexOf("caller") < parameters.size() - defaults.size()) {
            throw new TemplateException(
                    "When defining macros or call blocks the special \"caller\" argument must be"
                            + " omitted or be given a default.",
                    line);
        }
        return new Statement.MacroDefinition(name, new Statement.Signature(parameters, defaults, used), body, line);
    }

    private Statement callBlock(int line) {
        List<Expression> defaults = new ArrayList<>();
        List<String> parameters = tokens.is("(") ? parameters(defaults) : List.of();
        if (!(expressions.expression() instanceof Expression.Call call)) {
            throw new TemplateException("expected call", line);
        }
        Set<String> used = new HashSet<>();
        List<Statement> body = function("endcall", used);
        return new Statement.CallBlock(call, new Statement.Signature(parameters, defaults, used), body, line);
    }

    private List<String> parameters(List<Expression> defaults) {
        List<String> parameters = new ArrayList<>();
        tokens.expect("(");
        while (!tokens.is(")")) {
            if (!parameters.isEmpty()) {
                tokens.expect(",");
            }
            String name = tokens.expectName();
            if (parameters.contains(name)) {
                throw tokens.fail("duplicate argument '" + name + "' in function definition");
            }
            if (tokens.skipIf("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.fail("non-default argument follows default argument");
            }
            parameters.add(name);
        }
        tokens.expect(")");
        return parameters;
    }

    /** A body that runs apart from the loop around it; gives the special names it reads. */
    private List<Statement> function(String end, Set<String> used) {
        int outerLoops = loops;
        loops = 0;
        Set<String> names = expressions.names();
        Set<String> outerNames = new HashSet<>(names);
        names.removeAll(SPECIAL);
        List<Statement> body = closedBody(end);
        used.addAll(names);
        used.retainAll(SPECIAL);
        names.addAll(outerNames);
        loops = outerLoops;
        return body;
    }
}
