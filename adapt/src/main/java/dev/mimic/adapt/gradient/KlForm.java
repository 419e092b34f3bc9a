package dev.mimic.adapt.gradient;

import java.util.Locale;

/** How the divergence from the base model is measured at a position; p is the adapted model, p_ref the base. */
public enum KlForm {
    /** The authors' published code: {@code Σ p_ref (log p_ref - log p)}. */
    CODE,
    /** The paper: {@code Σ p (log p - log p_ref)}. */
    PAPER,
    /** The estimator of Schulman 2020 at the token drawn: {@code exp(r) - r - 1} with {@code r = log p_ref - log p}. */
    K3;

    /** The name on the command line. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
