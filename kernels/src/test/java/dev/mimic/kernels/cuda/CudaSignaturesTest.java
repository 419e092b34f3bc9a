package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.ConstantValueAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The table of functions and the constants agree with declarations that others derived from CUDA's headers: those of
 * org.bytedeco:cuda. Its class files are read as data; loading a class of it would look for its native library.
 */
final class CudaSignaturesTest {
    private static final String FOLDER = "org/bytedeco/cuda/global/";

    /** Parameters as letters, with P for every pointer, of the overloads of each function. */
    private final Map<String, Set<String>> functions = new HashMap<>();

    private final Map<String, Integer> constants = new HashMap<>();

    CudaSignaturesTest() throws IOException {
        for (String name : List.of("cudart", "cublas", "cusolver")) {
            ClassModel model = read(FOLDER + name + ".class");
            model.methods()
                    .forEach(method -> functions
                            .computeIfAbsent(method.methodName().stringValue(), key -> new HashSet<>())
                            .add(letters(method.methodTypeSymbol())));
            constants.putAll(constants(model));
        }
    }

    @Test
    void everyFunctionIsAsDeclared() {
        assertTrue(functions.size() > 1000, "functions read: " + functions.size());
        List<String> differences = new ArrayList<>();
        CudaSignatures.all().values().forEach(signature -> difference(signature).ifPresent(differences::add));
        assertEquals(List.of(), differences);
    }

    @Test
    void theTableHoldsWhatIsCalled() {
        assertEquals(45, CudaSignatures.all().size());
        Set<String> optional = CudaSignatures.all().values().stream()
                .filter(CudaSignature::optional)
                .map(CudaSignature::name)
                .collect(Collectors.toSet());
        assertEquals(6, optional.size());
        assertTrue(optional.remove("cudaGetDeviceProperties"), "the name is worth no refusal");
        assertTrue(optional.stream().allMatch(name -> name.endsWith("_64")), optional::toString);
    }

    @Test
    void aWrongLetterIsSeen() {
        for (CudaSignature signature : CudaSignatures.all().values()) {
            for (int i = 0; i < signature.parameters().length(); i++) {
                char letter = signature.parameters().charAt(i);
                StringBuilder wrong = new StringBuilder(signature.parameters());
                wrong.setCharAt(i, letter == 'I' ? 'J' : 'I');
                assertSeen(new CudaSignature(
                        signature.library(), signature.name(), signature.result(), wrong.toString(), false));
            }
            assertSeen(new CudaSignature(
                    signature.library(),
                    signature.name(),
                    signature.result() == 'I' ? 'H' : 'I',
                    signature.parameters(),
                    false));
            assertSeen(new CudaSignature(
                    signature.library(), signature.name(), signature.result(), signature.parameters() + "I", false));
        }
        assertSeen(new CudaSignature(CudaLibrary.CUBLAS, "cublasSgemm_v3", 'I', "O", false));
        assertThrows(IllegalArgumentException.class, () -> new CudaSignature(CudaLibrary.CUBLAS, "f", 'I', "X", false));
    }

    @Test
    void everyConstantIsAsDeclared() throws IOException {
        Map<String, Integer> ours = constants(read("dev/mimic/kernels/cuda/CudaConstants.class"));
        assertTrue(ours.size() > 40, ours::toString);
        assertEquals(Set.of(), wrong(ours));
    }

    @Test
    void aWrongConstantIsSeen() throws IOException {
        Map<String, Integer> ours = constants(read("dev/mimic/kernels/cuda/CudaConstants.class"));
        ours.forEach((name, value) -> assertEquals(Set.of(name), wrong(Map.of(name, value + 1))));
        assertEquals(Set.of("CUBLAS_OP_X"), wrong(Map.of("CUBLAS_OP_X", 0)));
    }

    private void assertSeen(CudaSignature planted) {
        assertTrue(difference(planted).isPresent(), planted::toString);
    }

    private Optional<String> difference(CudaSignature signature) {
        String ours = pointers(signature.parameters()) + ">" + pointers(String.valueOf(signature.result()));
        // overloads with fewer parameters leave out those that have a default in C++
        Set<String> declared = functions.getOrDefault(signature.name(), Set.of()).stream()
                .filter(other -> other.length() >= longest(signature.name()))
                .collect(Collectors.toSet());
        return declared.equals(Set.of(ours))
                ? Optional.empty()
                : Optional.of(signature.name() + ": ours is " + ours + ", declared " + declared);
    }

    private int longest(String function) {
        return functions.get(function).stream().mapToInt(String::length).max().orElse(0);
    }

    private Set<String> wrong(Map<String, Integer> ours) {
        return ours.entrySet().stream()
                .filter(entry -> !entry.getValue().equals(constants.get(entry.getKey())))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private static String pointers(String letters) {
        return letters.replaceAll("[HDAO]", "P");
    }

    private static String letters(MethodTypeDesc type) {
        return type.parameterList().stream().map(CudaSignaturesTest::letter).collect(Collectors.joining())
                + ">"
                + letter(type.returnType());
    }

    private static String letter(ClassDesc type) {
        return type.isPrimitive() ? type.descriptorString() : "P";
    }

    private static Map<String, Integer> constants(ClassModel model) {
        Map<String, Integer> values = new HashMap<>();
        model.fields()
                .forEach(field -> field.findAttribute(Attributes.constantValue())
                        .map(ConstantValueAttribute::constant)
                        .map(constant -> constant.constantValue())
                        .filter(Integer.class::isInstance)
                        .ifPresent(value -> values.put(field.fieldName().stringValue(), (Integer) value)));
        return values;
    }

    private static ClassModel read(String file) throws IOException {
        try (InputStream in = open(file)) {
            return ClassFile.of().parse(in.readAllBytes());
        }
    }

    private static InputStream open(String file) {
        InputStream own = CudaSignaturesTest.class.getResourceAsStream("/" + file);
        return own != null ? own : ClassLoader.getSystemResourceAsStream(file);
    }
}
