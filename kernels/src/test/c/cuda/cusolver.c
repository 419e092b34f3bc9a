#include "shim.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_INITIALIZED = 1, INVALID_VALUE = 3 };

struct handle {
  int live;
  void *stream;
  struct handle *next;
};
static struct handle *handles;
static int info_to_leave;

/* What devInfo says after the next decompositions. */
void shim_leave_info(int info) { info_to_leave = info; }

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

int cusolverDnCreate(void **handle) {
  struct handle *h;
  int status = shim_status(__func__);
  if (status) {
    *handle = (void *) 0x5EED0; /* as the real one, which leaves something that is no handle */
    return status;
  }
  h = calloc(1, sizeof *h);
  h->live = 1;
  h->next = handles;
  handles = h;
  shim_count_handles(1);
  *handle = h;
  return 0;
}

int cusolverDnDestroy(void *handle) {
  GATE(handle);
  h->live = 0;
  shim_count_handles(-1);
  return 0;
}

int cusolverDnSetStream(void *handle, void *stream) {
  GATE(handle);
  h->stream = stream;
  return 0;
}

static size_t floats(int64_t rows, int64_t cols, int64_t ld) { return (size_t) ((cols - 1) * ld + rows) * 4; }

/* Odd on purpose: whoever guesses it guesses wrong. */
static int gesvd_size(int m, int n) { return m < n ? 0 : m * n + 2 * n * n + n + 7; }
static int geqrf_size(int n) { return 13 * n + 5; }
static int orgqr_size(int n) { return 11 * n + 3; }

struct work {
  const char *function;
  char job_u, job_vt;
  int m, n, k, lda, ldu, ldvt, lwork, info;
  void *a, *s, *u, *vt, *work, *dev_info;
};

static float *matrix(struct work *w, const char *name, void *address, int rows, int cols, int ld) {
  return shim_operand(w->function, name, address, floats(rows, cols, ld));
}

/* ---- singular values: one-sided Jacobi in double (Hestenes 1958) ---- */

static void jacobi(double *a, double *v, int m, int n) {
  int sweep, p, q, i;
  for (sweep = 0; sweep < 60; sweep++) {
    double off = 0;
    for (p = 0; p < n; p++)
      for (q = p + 1; q < n; q++) {
        double pp = 0, qq = 0, pq = 0, tau, t, c, s;
        for (i = 0; i < m; i++) {
          pp += a[p * m + i] * a[p * m + i];
          qq += a[q * m + i] * a[q * m + i];
          pq += a[p * m + i] * a[q * m + i];
        }
        if (fabs(pq) <= 1e-15 * sqrt(pp * qq)) continue;
        off = fmax(off, fabs(pq) / sqrt(pp * qq));
        tau = (qq - pp) / (2 * pq);
        t = (tau < 0 ? -1 : 1) / (fabs(tau) + sqrt(1 + tau * tau));
        c = 1 / sqrt(1 + t * t);
        s = c * t;
        for (i = 0; i < m; i++) {
          double x = a[p * m + i], y = a[q * m + i];
          a[p * m + i] = c * x - s * y;
          a[q * m + i] = s * x + c * y;
        }
        for (i = 0; i < n; i++) {
          double x = v[p * n + i], y = v[q * n + i];
          v[p * n + i] = c * x - s * y;
          v[q * n + i] = s * x + c * y;
        }
      }
    if (off < 1e-14) return;
  }
}

/* Column k of U made orthogonal to those before it, twice; 0 if little of it was left. */
static int separate(double *u, int m, int k) {
  double norm = 0;
  int round, i, j;
  for (round = 0; round < 2; round++)
    for (j = 0; j < k; j++) {
      double dot = 0;
      for (i = 0; i < m; i++) dot += u[j * m + i] * u[k * m + i];
      for (i = 0; i < m; i++) u[k * m + i] -= dot * u[j * m + i];
    }
  for (i = 0; i < m; i++) norm += u[k * m + i] * u[k * m + i];
  norm = sqrt(norm);
  for (i = 0; i < m; i++) u[k * m + i] /= norm;
  return norm > 0.5 / sqrt(m); /* one of the unit vectors leaves that much */
}

/* Where a singular value is rounding of zero its column is none: a basis is completed, as the real one does. */
static void set_left(double *u, const double *column, double norm, int m, int k) {
  int i, unit;
  for (i = 0; i < m; i++) u[k * m + i] = norm > 0 ? column[i] / norm : 0;
  if (norm > 0 && separate(u, m, k)) return;
  for (unit = 0; unit < m; unit++) {
    for (i = 0; i < m; i++) u[k * m + i] = i == unit;
    if (separate(u, m, k)) return;
  }
}

static int gesvd_operands(struct work *w, float **a, float **s, float **u, float **vt, float **work, int **info) {
  *a = matrix(w, "A", w->a, w->m, w->n, w->lda);
  *s = matrix(w, "S", w->s, w->n, 1, w->n);
  *u = matrix(w, "U", w->u, w->m, w->n, w->ldu);
  *vt = matrix(w, "VT", w->vt, w->n, w->n, w->ldvt);
  *work = shim_operand(w->function, "work", w->work, (size_t) w->lwork * 4);
  *info = shim_operand(w->function, "devInfo", w->dev_info, 4);
  return *a && *s && *u && *vt && *work && *info;
}

static void run_gesvd(void *arguments) {
  struct work *w = arguments;
  float *a, *sigma, *u, *vt, *work;
  int *info, m = w->m, n = w->n, i, j, rank;
  if (!gesvd_operands(w, &a, &sigma, &u, &vt, &work, &info)) return;
  double *columns = malloc(sizeof(double) * m * n), *v = calloc((size_t) n * n, sizeof(double));
  double *norm = malloc(sizeof(double) * n);
  double *left = malloc(sizeof(double) * m * n);
  for (j = 0; j < n; j++) {
    v[j * n + j] = 1;
    for (i = 0; i < m; i++) columns[j * m + i] = a[(size_t) j * w->lda + i];
  }
  jacobi(columns, v, m, n);
  for (j = 0; j < n; j++) {
    norm[j] = 0;
    for (i = 0; i < m; i++) norm[j] += columns[j * m + i] * columns[j * m + i];
    norm[j] = sqrt(norm[j]);
  }
  for (rank = 0; rank < n; rank++) {
    int best = 0;
    for (j = 1; j < n; j++)
      if (norm[j] > norm[best]) best = j;
    sigma[rank] = (float) (norm[best] * (shim_spoiled("sigma off") ? 1.0001 : 1));
    set_left(left, columns + (size_t) best * m, norm[best], m, rank);
    for (i = 0; i < m; i++) u[(size_t) rank * w->ldu + i] = (float) left[rank * m + i];
    for (i = 0; i < n; i++) vt[(size_t) i * w->ldvt + rank] = (float) (v[best * n + i] * (shim_spoiled("v turned") && best == 0 ? -1 : 1));
    norm[best] = -1;
  }
  if (shim_spoiled("not a number")) u[m / 2] = NAN;
  for (j = 0; j < n; j++) memset(a + (size_t) j * w->lda, 0xFF, (size_t) m * 4); /* A is destroyed */
  memset(work, 0xFF, (size_t) w->lwork * 4);
  *info = w->info;
  free(columns);
  free(left);
  free(v);
  free(norm);
}

int cusolverDnSgesvd_bufferSize(void *handle, int m, int n, int *lwork) {
  GATE(handle);
  *lwork = gesvd_size(m, n); /* the real one, too, says success and 0 for m < n */
  return 0;
}

int cusolverDnSgesvd(void *handle, signed char job_u, signed char job_vt, int m, int n, void *a, int lda, void *s, void *u,
    int ldu, void *vt, int ldvt, void *work, int lwork, void *superdiagonal, void *dev_info) {
  struct work w = {__func__, job_u, job_vt, m, n, n, lda, ldu, ldvt, lwork, info_to_leave, a, s, u, vt, work, dev_info};
  float *f[5];
  int *info;
  (void) superdiagonal;
  GATE(handle);
  if (job_u != 'S' || job_vt != 'S' || n < 1 || m < n || lda < m || ldu < m || ldvt < n || lwork < gesvd_size(m, n))
    return INVALID_VALUE;
  if (gesvd_operands(&w, &f[0], &f[1], &f[2], &f[3], &f[4], &info))
    shim_enqueue(__func__, h->stream, run_gesvd, &w, sizeof w);
  return 0;
}

/* ---- QR by Householder reflectors, in LAPACK's form: H = I - tau v v', v[0] = 1 ---- */

static int qr_operands(struct work *w, float **a, float **tau, float **work, int **info) {
  *a = matrix(w, "A", w->a, w->m, w->n, w->lda);
  *tau = matrix(w, "tau", w->s, w->k, 1, w->k);
  *work = shim_operand(w->function, "work", w->work, (size_t) w->lwork * 4);
  *info = shim_operand(w->function, "devInfo", w->dev_info, 4);
  return *a && *tau && *work && *info;
}

static void run_geqrf(void *arguments) {
  struct work *w = arguments;
  float *a, *tau, *work;
  int *info, i, j, c;
  if (!qr_operands(w, &a, &tau, &work, &info)) return;
  for (j = 0; j < w->n; j++) {
    float *x = a + (size_t) j * w->lda;
    double norm = 0, beta;
    for (i = j; i < w->m; i++) norm += (double) x[i] * x[i];
    beta = x[j] > 0 ? -sqrt(norm) : sqrt(norm);
    tau[j] = beta == 0 ? 0 : (float) ((beta - x[j]) / beta);
    for (i = j + 1; i < w->m && beta != 0; i++) x[i] = (float) (x[i] / (x[j] - beta));
    for (c = j + 1; c < w->n; c++) {
      float *y = a + (size_t) c * w->lda;
      double dot = y[j];
      for (i = j + 1; i < w->m; i++) dot += (double) x[i] * y[i];
      y[j] = (float) (y[j] - tau[j] * dot);
      for (i = j + 1; i < w->m; i++) y[i] = (float) (y[i] - tau[j] * dot * x[i]);
    }
    x[j] = (float) beta;
  }
  memset(work, 0xFF, (size_t) w->lwork * 4);
  *info = w->info;
}

static void run_orgqr(void *arguments) {
  struct work *w = arguments;
  float *a, *tau, *work;
  int *info, m = w->m, n = w->n, i, j, c;
  if (!qr_operands(w, &a, &tau, &work, &info)) return;
  double *q = calloc((size_t) m * n, sizeof(double));
  for (j = 0; j < n; j++) q[(size_t) j * m + j] = 1;
  for (j = w->k - 1; j >= 0; j--) {
    const float *v = a + (size_t) j * w->lda;
    for (c = 0; c < n; c++) {
      double dot = q[(size_t) c * m + j];
      for (i = j + 1; i < m; i++) dot += v[i] * q[(size_t) c * m + i];
      q[(size_t) c * m + j] -= tau[j] * dot;
      for (i = j + 1; i < m; i++) q[(size_t) c * m + i] -= tau[j] * dot * v[i];
    }
  }
  for (j = 0; j < n; j++)
    for (i = 0; i < m; i++) 
      a[(size_t) j * w->lda + i] = (float) (q[(size_t) j * m + i] * (shim_spoiled("q too long") && j == 1 ? 1.001 : 1));
  memset(work, 0xFF, (size_t) w->lwork * 4);
  *info = w->info;
  free(q);
}

int cusolverDnSgeqrf_bufferSize(void *handle, int m, int n, void *a, int lda, int *lwork) {
  GATE(handle);
  if (m < 0 || n < 0 || lda < m) return INVALID_VALUE;
  (void) a;
  *lwork = geqrf_size(n);
  return 0;
}

int cusolverDnSgeqrf(void *handle, int m, int n, void *a, int lda, void *tau, void *work, int lwork, void *dev_info) {
  struct work w = {__func__, 0, 0, m, n, n, lda, 0, 0, lwork, info_to_leave, a, tau, 0, 0, work, dev_info};
  float *f[3];
  int *info;
  GATE(handle);
  if (n < 1 || m < n || lda < m || lwork < geqrf_size(n)) return INVALID_VALUE;
  if (qr_operands(&w, &f[0], &f[1], &f[2], &info)) shim_enqueue(__func__, h->stream, run_geqrf, &w, sizeof w);
  return 0;
}

int cusolverDnSorgqr_bufferSize(void *handle, int m, int n, int k, void *a, int lda, void *tau, int *lwork) {
  GATE(handle);
  if (n < 0 || m < n || k > n || lda < m) return INVALID_VALUE;
  (void) a;
  (void) tau;
  *lwork = orgqr_size(n);
  return 0;
}

int cusolverDnSorgqr(void *handle, int m, int n, int k, void *a, int lda, void *tau, void *work, int lwork, void *dev_info) {
  struct work w = {__func__, 0, 0, m, n, k, lda, 0, 0, lwork, info_to_leave, a, tau, 0, 0, work, dev_info};
  float *f[3];
  int *info;
  GATE(handle);
  if (n < 1 || m < n || k < 1 || k > n || lda < m || lwork < orgqr_size(n)) return INVALID_VALUE;
  if (qr_operands(&w, &f[0], &f[1], &f[2], &info)) shim_enqueue(__func__, h->stream, run_orgqr, &w, sizeof w);
  return 0;
}
