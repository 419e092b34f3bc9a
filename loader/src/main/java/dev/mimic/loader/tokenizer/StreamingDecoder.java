package dev.mimic.loader.tokenizer;

/**
 * Decodes ids one at a time. What {@link #append} gives is certain and ends between characters; all of it with what
 * {@link #finish} gives is exactly what {@link Tokenizer#decode} gives. Belongs to one thread.
 */
public final class StreamingDecoder {
    private final Tokenizer tokenizer;
    private final boolean skipSpecial;
    private final StringBuilder text = new StringBuilder();
    private final DecoderStage stage;

    StreamingDecoder(Tokenizer tokenizer, Decoder decoder, boolean skipSpecial) {
        this.tokenizer = tokenizer;
        this.skipSpecial = skipSpecial;
        this.stage = decoder.stage(new DecoderStage.Output(text));
    }

    /**
     * Takes the next id; one without a token is passed over.
     *
     * @return the text that became certain, possibly empty
     */
    public String append(int id) {
        feed(id);
        return take();
    }

    void feed(int id) {
        String form = tokenizer.decodedForm(id, skipSpecial);
        if (form != null) {
            stage.text(form);
            stage.endToken();
        }
    }

    /**
     * Ends the stream; nothing may be appended after.
     *
     * @return the rest of the text, possibly empty
     */
    public String finish() {
        stage.finish();
        return take();
    }

    private String take() {
        String result = text.toString();
        text.setLength(0);
        return result;
    }
}
