#include "shim.h"
#include <stdlib.h>
#include <string.h>

enum { NOT_INITIALIZED = 1, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { F32 = 0, BF16 = 14 };
enum { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, FAST_16BF = 75, FAST_TF32 = 77 };

struct handle {
  int live;
  void *stream;
  struct handle *next;
};
static struct handle *handles;

static struct handle *handle_of(const char *function, void *handle) {
  struct handle *h;
  for (h = handles; h; h = h->next)
    if (h == handle && h->live) return h;
  if (handle) shim_violation(function, "no such handle");
  return NULL;
}
#define GATE(handle) \
  struct handle *h = handle_of(__func__, handle); \
  do { \
    int status_ = shim_status(__func__); \
    if (status_) return status_; \
    if (!h) return NOT_INITIALIZED; \
  } while (0)

int cublasCreate_v2(void **handle) {
  struct handle *h;
  int status = shim_status(__func__);
  if (status) return status; /* the slot stays as it is */
  if (shim_status("cudaMalloc")) return NOT_INITIALIZED;
  h = calloc(1, sizeof *h);
  h->live = 1;
  h->next = handles;
  handles = h;
  shim_count_handles(1);
  *handle = h;
  return 0;
}

int cublasDestroy_v2(void *handle) {
  GATE(handle);
  h->live = 0;
  shim_count_handles(-1);
  return 0;
}

int cublasSetStream_v2(void *handle, void *stream) {
  GATE(handle);
  h->stream = stream;
  return 0;
}

int cublasSetMathMode(void *handle, int mode) {
  GATE(handle);
  return (mode & ~16) > 3 ? INVALID_VALUE : 0;
}

int cublasGetProperty(int property, int *value) {
  int status = shim_status(__func__);
  if (status) return status;
  if (property < 0 || property > 2) return INVALID_VALUE;
  *value = property == 0 ? SHIM_MAJOR : 4;
  return 0;
}

const char *cublasGetStatusName(int status) {
  switch (status) {
    case 0: return "CUBLAS_STATUS_SUCCESS";
    case 1: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
    case 7: return "CUBLAS_STATUS_INVALID_VALUE";
    case 8: return "CUBLAS_STATUS_ARCH_MISMATCH";
    case 11: return "CUBLAS_STATUS_MAPPING_ERROR";
    case 13: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case 14: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case 15: return "CUBLAS_STATUS_NOT_SUPPORTED";
    case 16: return "CUBLAS_STATUS_LICENSE_ERROR";
    default: return "CUBLAS_STATUS_UNKNOWN";
  }
}

const char *cublasGetStatusString(int status) { return status ? "the shim says so" : "success"; }

/* ---- products ---- */

static size_t width(int type) { return type == BF16 ? 2 : 4; }

static double get(const void *content, int type, int64_t index) {
  uint32_t bits;
  float value;
  if (type == F32) return ((const float *) content)[index];
  bits = (uint32_t) ((const uint16_t *) content)[index] << 16;
  memcpy(&value, &bits, 4);
  return value;
}

static void put(void *content, int type, int64_t index, double result) {
  float value = (float) result;
  uint32_t bits;
  if (type == F32) {
    ((float *) content)[index] = value;
    return;
  }
  memcpy(&bits, &value, 4);
  if (value == value) bits += 0x7FFF + (bits >> 16 & 1); /* to nearest, ties to even */
  ((uint16_t *) content)[index] = (uint16_t) (bits >> 16);
}

struct product {
  const char *function;
  int trans_a, trans_b, type_a, type_b, type_c;
  int64_t m, n, k, lda, ldb, ldc, stride_a, stride_b, stride_c, batch;
  const char *a, *b;
  char *c;
  float alpha, beta;
};

/* Bytes from the first element of a batch of matrices to the end of the last. */
static size_t extent(int64_t rows, int64_t cols, int64_t ld, int64_t stride, int64_t batch, int type) {
  __int128 bytes;
  if (rows == 0 || cols == 0 || batch == 0) return 0;
  bytes = ((__int128) (cols - 1) * ld + rows + (__int128) (batch - 1) * stride) * (__int128) width(type);
  return bytes > INT64_MAX ? (size_t) INT64_MAX : (size_t) bytes;
}

static int operands(struct product *p, void **a, void **b, void **c, size_t bytes[3]) {
  bytes[0] = extent(p->trans_a ? p->k : p->m, p->trans_a ? p->m : p->k, p->lda, p->stride_a, p->batch, p->type_a);
  bytes[1] = extent(p->trans_b ? p->n : p->k, p->trans_b ? p->k : p->n, p->ldb, p->stride_b, p->batch, p->type_b);
  bytes[2] = extent(p->m, p->n, p->ldc, p->stride_c, p->batch, p->type_c);
  *a = shim_operand(p->function, "A", p->a, bytes[0]);
  *b = shim_operand(p->function, "B", p->b, bytes[1]);
  *c = shim_operand(p->function, "C", p->c, bytes[2]);
  return *a && *b && *c;
}

#define SIDE 8 /* sums side by side, so that the compiler makes vectors of them */

/* op(A) as doubles, row by row. */
static void widen(const struct product *p, const void *a, int64_t first, double *to) {
  int64_t row, i;
  if (p->trans_a)
    for (row = 0; row < p->m; row++)
      for (i = 0; i < p->k; i++) to[row * p->k + i] = get(a, p->type_a, first + row * p->lda + i);
  else
    for (i = 0; i < p->k; i++)
      for (row = 0; row < p->m; row++) to[row * p->k + i] = get(a, p->type_a, first + i * p->lda + row);
}

static double dot(const double *a, const double *b, int64_t count) {
  double sum[SIDE] = {0}, all = 0;
  int64_t i;
  int j;
  for (i = 0; i + SIDE <= count; i += SIDE)
    for (j = 0; j < SIDE; j++) sum[j] += a[i + j] * b[i + j];
  for (; i < count; i++) sum[0] += a[i] * b[i];
  for (j = 0; j < SIDE; j++) all += sum[j];
  return all;
}

/* A float cut to the eleven digits of TF32. */
static double cut(double value) {
  float single = (float) value;
  uint32_t bits;
  memcpy(&bits, &single, 4);
  bits = (bits + 0x1000) & 0xFFFFE000;
  memcpy(&single, &bits, 4);
  return single;
}

/* What a device that errs makes of a sum. */
static double erring(struct product *p, double sum) {
  float rounded;
  if (shim_spoiled("sums in bf16") && p->type_a == BF16) {
    put(&rounded, BF16, 0, sum);
    return get(&rounded, BF16, 0);
  }
  return sum;
}

static void run_product(void *arguments) {
  struct product *p = arguments;
  void *a, *b, *c;
  size_t bytes[3];
  int64_t batch, row, col, i;
  double *wide_a = malloc(LARGER(p->m * p->k, 1) * sizeof *wide_a), *wide_b = malloc(LARGER(p->k, 1) * sizeof *wide_b);
  int tf32 = shim_spoiled("tf32 for f32") && p->type_a == F32;
  float beta = shim_spoiled("beta forgotten") ? 0 : p->beta;
  if (shim_spoiled("k of 0 does nothing") && p->k == 0) p->batch = 0;
  if (shim_spoiled("a batch of one") && p->batch > 1) p->batch = 1;
  if (shim_spoiled("b never transposed") && p->ldb >= p->k) p->trans_b = 0;
  if (operands(p, &a, &b, &c, bytes))
    for (batch = 0; batch < p->batch; batch++) {
      widen(p, a, batch * p->stride_a, wide_a);
      for (col = 0; col < p->n; col++) {
        for (i = 0; i < p->k; i++)
          wide_b[i] = get(b, p->type_b, batch * p->stride_b + (p->trans_b ? i * p->ldb + col : col * p->ldb + i));
        for (i = 0; tf32 && i < p->k; i++) wide_b[i] = cut(wide_b[i]);
        for (row = 0; row < p->m; row++) {
          int64_t at = batch * p->stride_c + col * p->ldc + row;
          double sum = erring(p, dot(wide_a + row * p->k, wide_b, p->k));
          put(c, p->type_c, at, p->alpha * sum + (beta == 0 ? 0 : beta * get(c, p->type_c, at)));
        }
        if (shim_spoiled("gaps written") && p->ldc > p->m && col + 1 < p->n) put(c, p->type_c, col * p->ldc + p->m, 0);
      }
    }
  free(wide_a);
  free(wide_b);
}

static int overlap(const char *x, size_t x_bytes, const char *y, size_t y_bytes) {
  return x_bytes && y_bytes && x < y + y_bytes && y < x + x_bytes;
}

static int product(struct handle *h, struct product p, const float *alpha, const float *beta) {
  void *a, *b, *c;
  size_t bytes[3];
  if (p.trans_a < 0 || p.trans_a > 2 || p.trans_b < 0 || p.trans_b > 2 || p.m < 0 || p.n < 0 || p.k < 0 || p.batch < 0
      || p.lda < LARGER(1, p.trans_a ? p.k : p.m) || p.ldb < LARGER(1, p.trans_b ? p.n : p.k) || p.ldc < LARGER(1, p.m))
    return INVALID_VALUE;
  if (!shim_on_host(p.function, "alpha", alpha) || !shim_on_host(p.function, "beta", beta)) return INVALID_VALUE;
  p.alpha = *alpha;
  p.beta = *beta;
  if (!operands(&p, &a, &b, &c, bytes)) return 0; /* a GPU would find out later, or not at all */
  if (overlap(p.a, bytes[0], p.c, bytes[2]) || overlap(p.b, bytes[1], p.c, bytes[2])) {
    shim_violation(p.function, "C overlaps A or B");
    return 0;
  }
  shim_count_product();
  shim_enqueue(p.function, h->stream, run_product, &p, sizeof p);
  return 0;
}

static int supported(int type_a, int type_b, int type_c, int compute) {
  int f32 = type_a == F32 && type_b == F32 && type_c == F32;
  int bf16 = type_a == BF16 && type_b == BF16 && (type_c == BF16 || type_c == F32);
  if (compute == COMPUTE_32F || compute == COMPUTE_32F_PEDANTIC) return f32 || bf16;
  return (compute == FAST_16BF || compute == FAST_TF32) && f32;
}

#ifdef SHIM_NARROW /* as before CUDA 12 */
#define WIDE(function, name)
#else
#define WIDE(function, name) function(name, int64_t)
#endif

#define SGEMM(name, size) \
  int name(void *handle, int ta, int tb, size m, size n, size k, const float *alpha, const void *a, size lda, \
      const void *b, size ldb, const float *beta, void *c, size ldc) { \
    struct product p = {__func__, ta, tb, F32, F32, F32, m, n, k, lda, ldb, ldc, 0, 0, 0, 1, a, b, c, 0, 0}; \
    GATE(handle); \
    return product(h, p, alpha, beta); \
  }
SGEMM(cublasSgemm_v2, int)
WIDE(SGEMM, cublasSgemm_v2_64)

#define GEMM_EX(name, size) \
  int name(void *handle, int ta, int tb, size m, size n, size k, const void *alpha, const void *a, int type_a, size lda, \
      const void *b, int type_b, size ldb, const void *beta, void *c, int type_c, size ldc, int compute, int algorithm) { \
    struct product p = {__func__, ta, tb, type_a, type_b, type_c, m, n, k, lda, ldb, ldc, 0, 0, 0, 1, a, b, c, 0, 0}; \
    GATE(handle); \
    if (algorithm != -1 || !supported(type_a, type_b, type_c, compute)) return NOT_SUPPORTED; \
    return product(h, p, alpha, beta); \
  }
GEMM_EX(cublasGemmEx, int)
WIDE(GEMM_EX, cublasGemmEx_64)

#define BATCHED(name, size) \
  int name(void *handle, int ta, int tb, size m, size n, size k, const void *alpha, const void *a, int type_a, size lda, \
      long long stride_a, const void *b, int type_b, size ldb, long long stride_b, const void *beta, void *c, int type_c, \
      size ldc, long long stride_c, size batch, int compute, int algorithm) { \
    struct product p = {__func__, ta, tb, type_a, type_b, type_c, m, n, k, lda, ldb, ldc, stride_a, stride_b, stride_c, \
        batch, a, b, c, 0, 0}; \
    GATE(handle); \
    if (algorithm != -1 || !supported(type_a, type_b, type_c, compute)) return NOT_SUPPORTED; \
    return product(h, p, alpha, beta); \
  }
BATCHED(cublasGemmStridedBatchedEx, int)
WIDE(BATCHED, cublasGemmStridedBatchedEx_64)

/* A column-major vector with stride is a matrix of one row. */
#define SGEMV(name, size) \
  int name(void *handle, int trans, size m, size n, const float *alpha, const void *a, size lda, const void *x, \
      size incx, const float *beta, void *y, size incy) { \
    struct product p = {__func__, 0, trans ? 0 : 1, F32, F32, F32, 1, trans ? n : m, trans ? m : n, incx, lda, incy, 0, 0, \
        0, 1, x, a, y, 0, 0}; \
    GATE(handle); \
    if (incx < 1 || incy < 1) return NOT_SUPPORTED; \
    return product(h, p, alpha, beta); \
  }
SGEMV(cublasSgemv_v2, int)
WIDE(SGEMV, cublasSgemv_v2_64)

struct scaling {
  const char *function;
  int right;
  int64_t m, n, lda, incx, ldc;
  const void *a, *x;
  void *c;
};

static int scaling_operands(struct scaling *s, float **a, float **x, float **c) {
  *a = shim_operand(s->function, "A", s->a, extent(s->m, s->n, s->lda, 0, 1, F32));
  *x = shim_operand(s->function, "x", s->x, extent(1, s->right ? s->n : s->m, s->incx, 0, 1, F32));
  *c = shim_operand(s->function, "C", s->c, extent(s->m, s->n, s->ldc, 0, 1, F32));
  return *a && *x && *c;
}

static void run_scaling(void *arguments) {
  struct scaling *s = arguments;
  float *a, *x, *c;
  int64_t row, col;
  if (!scaling_operands(s, &a, &x, &c)) return;
  for (col = 0; col < s->n; col++)
    for (row = 0; row < s->m; row++)
      c[col * s->ldc + row] = a[col * s->lda + row] * x[shim_spoiled("one factor for all") ? 0 : (s->right ? col : row) * s->incx];
}

static int scaling(struct handle *h, struct scaling s) {
  float *a, *x, *c;
  if (s.right < 0 || s.right > 1 || s.m < 0 || s.n < 0 || s.lda < LARGER(1, s.m) || s.ldc < LARGER(1, s.m)) return INVALID_VALUE;
  if (s.incx < 1) return NOT_SUPPORTED;
  if (scaling_operands(&s, &a, &x, &c)) {
    shim_count_product();
    shim_enqueue(s.function, h->stream, run_scaling, &s, sizeof s);
  }
  return 0;
}

#define SDGMM(name, size) \
  int name(void *handle, int side, size m, size n, const void *a, size lda, const void *x, size incx, void *c, size ldc) { \
    struct scaling s = {__func__, side, m, n, lda, incx, ldc, a, x, c}; \
    GATE(handle); \
    return scaling(h, s); \
  }
SDGMM(cublasSdgmm, int)
WIDE(SDGMM, cublasSdgmm_64)
