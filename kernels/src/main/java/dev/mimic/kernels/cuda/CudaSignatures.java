package dev.mimic.kernels.cuda;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The functions that mimic calls: the only place that says what they take. The letters are explained at
 * {@link CudaSignature}; a name that ends in {@code ?} may be missing. Names carry the {@code _v2} that the C headers hide
 * behind macros: plain {@code cublasSgemm} is an older function that takes other parameters.
 */
final class CudaSignatures {
    private static final String TABLE = """
            CUDART   cudaGetDeviceCount              I H
            CUDART   cudaSetDevice                   I I
            CUDART   cudaDeviceGetAttribute          I HII
            CUDART   cudaGetDeviceProperties?        I HI
            CUDART   cudaMemGetInfo                  I HH
            CUDART   cudaRuntimeGetVersion           I H
            CUDART   cudaDriverGetVersion            I H
            CUDART   cudaGetErrorName                H I
            CUDART   cudaGetErrorString              H I
            CUDART   cudaGetLastError                I -
            CUDART   cudaMalloc                      I HJ
            CUDART   cudaFree                        I D
            CUDART   cudaMallocHost                  I HJ
            CUDART   cudaFreeHost                    I H
            CUDART   cudaMemcpyAsync                 I AAJIO
            CUDART   cudaMemsetAsync                 I DIJO
            CUDART   cudaStreamCreateWithFlags       I HI
            CUDART   cudaStreamDestroy               I O
            CUDART   cudaStreamSynchronize           I O
            CUBLAS   cublasCreate_v2                 I H
            CUBLAS   cublasDestroy_v2                I O
            CUBLAS   cublasSetStream_v2              I OO
            CUBLAS   cublasSetMathMode               I OI
            CUBLAS   cublasGetProperty               I IH
            CUBLAS   cublasGetStatusName             H I
            CUBLAS   cublasGetStatusString           H I
            CUBLAS   cublasSgemm_v2                  I OIIIIIHDIDIHDI
            CUBLAS   cublasSgemm_v2_64?              I OIIJJJHDJDJHDJ
            CUBLAS   cublasGemmEx                    I OIIIIIHDIIDIIHDIIII
            CUBLAS   cublasGemmEx_64?                I OIIJJJHDIJDIJHDIJII
            CUBLAS   cublasGemmStridedBatchedEx      I OIIIIIHDIIJDIIJHDIIJIII
            CUBLAS   cublasGemmStridedBatchedEx_64?  I OIIJJJHDIJJDIJJHDIJJJII
            CUBLAS   cublasSgemv_v2                  I OIIIHDIDIHDI
            CUBLAS   cublasSgemv_v2_64?              I OIJJHDJDJHDJ
            CUBLAS   cublasSdgmm                     I OIIIDIDIDI
            CUBLAS   cublasSdgmm_64?                 I OIJJDJDJDJ
            CUSOLVER cusolverDnCreate                I H
            CUSOLVER cusolverDnDestroy               I O
            CUSOLVER cusolverDnSetStream             I OO
            CUSOLVER cusolverDnSgesvd_bufferSize     I OIIH
            CUSOLVER cusolverDnSgesvd                I OBBIIDIDDIDIDIDD
            CUSOLVER cusolverDnSgeqrf_bufferSize     I OIIDIH
            CUSOLVER cusolverDnSgeqrf                I OIIDIDDID
            CUSOLVER cusolverDnSorgqr_bufferSize     I OIIIDIDH
            CUSOLVER cusolverDnSorgqr                I OIIIDIDDID
            """;

    private CudaSignatures() {}

    /** All functions by name, in the table's order. */
    static Map<String, CudaSignature> all() {
        Map<String, CudaSignature> all = new LinkedHashMap<>();
        TABLE.lines().map(CudaSignatures::parse).forEach(signature -> all.put(signature.name(), signature));
        return all;
    }

    private static CudaSignature parse(String line) {
        String[] fields = line.strip().split(" +", -1);
        boolean optional = fields[1].endsWith("?");
        return new CudaSignature(
                CudaLibrary.valueOf(fields[0]),
                optional ? fields[1].substring(0, fields[1].length() - 1) : fields[1],
                fields[2].charAt(0),
                fields[3].equals("-") ? "" : fields[3],
                optional);
    }
}
