package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TargetsTest {
    private static List<String> model() {
        List<String> names =
                new ArrayList<>(List.of("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"));
        for (int layer : new int[] {10, 2, 0}) {
            for (String part : List.of(
                    "mlp.up_proj", "mlp.gate_proj", "self_attn.q_proj", "self_attn.q_norm", "input_layernorm")) {
                names.add("model.layers." + layer + "." + part + ".weight");
                names.add("model.layers." + layer + "." + part + ".bias");
            }
        }
        return names;
    }

    @Test
    void layersComeInOrderOfTheirNumbers() {
        assertEquals(
                List.of(
                        "model.layers.0.mlp.gate_proj.weight",
                        "model.layers.0.mlp.up_proj.weight",
                        "model.layers.2.mlp.gate_proj.weight",
                        "model.layers.2.mlp.up_proj.weight",
                        "model.layers.10.mlp.gate_proj.weight",
                        "model.layers.10.mlp.up_proj.weight"),
                new Targets("mlp").choose(model()));
        assertEquals(3, new Targets("attention").choose(model()).size());
        assertEquals(9, new Targets("all").choose(model()).size());
    }

    @Test
    void patternsChooseAmongLinearWeightsOnly() {
        assertEquals(3, new Targets("*.q_proj.weight").choose(model()).size());
        assertEquals(
                4,
                new Targets("*.q_proj.weight, model.layers.2.mlp.up*")
                        .choose(model())
                        .size());
        assertEquals(9, new Targets("*").choose(model()).size());
        assertEquals(
                1,
                new Targets("model.layers.0.mlp.up_proj.weight").choose(model()).size());
        assertThrows(IllegalArgumentException.class, () -> new Targets("model.layers.0.mlp.up_proj").choose(model()));
        assertThrows(IllegalArgumentException.class, () -> new Targets("lm_head.weight").choose(model()));
        assertThrows(IllegalArgumentException.class, () -> new Targets("modelXlayersX*").choose(model()));
    }

    @Test
    void aRangeOfNumbersChoosesLayers() {
        assertEquals(
                List.of(
                        "model.layers.2.mlp.gate_proj.weight",
                        "model.layers.2.mlp.up_proj.weight",
                        "model.layers.10.mlp.gate_proj.weight",
                        "model.layers.10.mlp.up_proj.weight"),
                new Targets("model.layers.2-10.mlp.*").choose(model()));
        // a number is taken whole, also behind any text
        assertEquals(
                List.of("model.layers.0.self_attn.q_proj.weight"), new Targets("*0-1.self_attn.*").choose(model()));
        assertEquals(
                List.of(
                        "model.layers.0.mlp.up_proj.weight",
                        "model.layers.10.mlp.gate_proj.weight",
                        "model.layers.10.mlp.up_proj.weight"),
                new Targets("*.0-0.*up*, *.3-999999.mlp*").choose(model()));
        for (String none : List.of("*.11-20.*", "*.9-3.*", "*.-1-3.*", "*.2-1000000.*")) {
            assertThrows(IllegalArgumentException.class, () -> new Targets(none).choose(model()), none);
        }
    }
}
