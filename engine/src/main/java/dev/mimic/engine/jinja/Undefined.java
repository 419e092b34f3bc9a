package dev.mimic.engine.jinja;

/**
 * jinja2's {@code Undefined}: prints nothing, is false, has no items; anything else that is done with it is an error.
 *
 * @param problem the message of that error
 */
record Undefined(String problem) {
    /** A name that nothing defines. */
    static Undefined name(String name) {
        return new Undefined(PythonText.quote(name) + " is undefined");
    }

    /** An attribute that a value lacks. */
    static Undefined attribute(Object owner, String name) {
        return new Undefined(PythonText.quote(ownerOf(owner)) + " has no attribute " + PythonText.quote(name));
    }

    /** An item that a value lacks. */
    static Undefined item(Object owner, Object key, Budget budget) {
        return key instanceof String name
                ? attribute(owner, name)
                : new Undefined(ownerOf(owner) + " has no element " + PythonText.repr(key, budget));
    }

    /** An attribute that the sandbox withholds. */
    static Undefined unsafe(Object owner, String name) {
        return new Undefined("access to attribute " + PythonText.quote(name) + " of "
                + PythonText.quote(PythonText.typeName(owner)) + " object is unsafe.");
    }

    private static String ownerOf(Object owner) {
        return owner == null ? "None" : PythonText.typeName(owner) + " object";
    }

    TemplateException error() {
        return new TemplateException(problem);
    }

    /** All undefined values are equal (jinja2 compares their type). */
    @Override
    public boolean equals(Object other) {
        return other instanceof Undefined;
    }

    @Override
    public int hashCode() {
        return 1;
    }
}
