#define _GNU_SOURCE
#include "shim.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define REGION ((size_t) 1 << 38) /* address space of the device */
#define MEMORY ((size_t) 1 << 28) /* bytes that the device has */
#define PAGE ((size_t) 4096)

enum { INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DIRECTION = 21, INVALID_DEVICE = 101, INVALID_HANDLE = 400 };
enum { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, DEVICE_TO_DEVICE = 3 };

struct range {
  uintptr_t start;
  size_t bytes;
  char *content; /* of device memory; NULL once freed */
  int pinned, live;
  struct range *next;
};
struct operation {
  void (*work)(void *);
  void *arguments;
  struct operation *next;
};
struct stream {
  int live;
  struct operation *first, **last;
  struct stream *next;
};
struct fault {
  char function[64];
  int status;
};

static uintptr_t region, region_next;
static struct range *ranges;
static struct stream *streams, default_stream;
static size_t live_bytes, taken;
static long long products, copied_bytes;
static int live_handles, violations, sticky, fault_count, driver_version = SHIM_MAJOR * 1000 + 40, devices = 1;
static char last_violation[512], spoiled[32];
static struct fault faults[32];

/* ---- control, for tests ---- */

void shim_violation(const char *function, const char *format, ...) {
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  violations++;
  snprintf(last_violation, sizeof last_violation, "%s: %s", function, text);
}

int shim_violations(void) { return violations; }
const char *shim_last_violation(void) { return last_violation; }
long long shim_live_bytes(void) { return (long long) live_bytes; }
int shim_live_handles(void) { return live_handles; }
void shim_count_handles(int change) { live_handles += change; }
long long shim_products(void) { return products; }
void shim_count_product(void) { products++; }
long long shim_copied_bytes(void) { return copied_bytes; }

/* From now on the function returns this status and does nothing. "*" stands for all of libcudart that needs a driver. */
void shim_fail(const char *function, int status) {
  if (fault_count < 32) {
    snprintf(faults[fault_count].function, sizeof faults[0].function, "%s", function);
    faults[fault_count++].status = status;
  }
}

/* What was made to fail works again; a sticky error stays. */
void shim_heal(void) { fault_count = 0; }

/* Others take the rest of the device's memory. */
void shim_free_memory(int bytes) { taken = MEMORY - live_bytes - (size_t) bytes; }

/* From now on the device errs in one way; "" is none. */
void shim_spoil(const char *fault) { snprintf(spoiled, sizeof spoiled, "%s", fault); }
int shim_spoiled(const char *fault) { return strcmp(spoiled, fault) == 0; }

void shim_machine(int driver, int gpus) {
  driver_version = driver;
  devices = gpus;
}

int shim_status(const char *function) {
  int i;
  for (i = 0; i < fault_count; i++)
    if (strcmp(faults[i].function, function) == 0) return faults[i].status;
  if (strncmp(function, "cuda", 4) == 0) {
    if (sticky) return sticky;
    for (i = 0; i < fault_count; i++)
      if (strcmp(faults[i].function, "*") == 0) return faults[i].status;
  }
  return 0;
}

/* Sticky errors stay with every function of libcudart. */
static int status_of(const char *function) {
  int status = shim_status(function);
  if (status == 700 || status == 719) sticky = status;
  return status;
}
#define GATE() do { int status_ = status_of(__func__); if (status_) return status_; } while (0)

/* ---- memory ---- */

int shim_on_device(const void *address) {
  return region && (uintptr_t) address - region < REGION;
}

int shim_on_host(const char *function, const char *name, const void *address) {
  if (address && !shim_on_device(address)) return 1;
  shim_violation(function, "%s must be in host memory", name);
  return 0;
}

static struct range *find(const void *address, int pinned) {
  struct range *r;
  for (r = ranges; r; r = r->next)
    if (r->pinned == pinned && (uintptr_t) address - r->start < LARGER(r->bytes, 1)) return r;
  return NULL;
}

void *shim_operand(const char *function, const char *name, const void *address, size_t bytes) {
  struct range *r = shim_on_device(address) ? find(address, 0) : NULL;
  size_t offset;
  if (!r) {
    shim_violation(function, "%s is not in device memory", name);
    return NULL;
  }
  offset = (uintptr_t) address - r->start;
  if (!r->live) {
    shim_violation(function, "%s is used after it was freed", name);
    return NULL;
  }
  if (bytes > r->bytes - offset) {
    shim_violation(function, "%s takes %zu bytes, its allocation has %zu", name, bytes, r->bytes - offset);
    return NULL;
  }
  return r->content + offset;
}

static struct range *add(uintptr_t start, size_t bytes, char *content, int pinned) {
  struct range *r = malloc(sizeof *r);
  *r = (struct range) {start, bytes, content, pinned, 1, ranges};
  ranges = r;
  live_bytes += bytes;
  return r;
}

static void flush(struct stream *stream) {
  while (stream->first) {
    struct operation *operation = stream->first;
    stream->first = operation->next;
    if (!stream->first) stream->last = &stream->first;
    operation->work(operation->arguments);
    free(operation->arguments);
    free(operation);
  }
}

static void flush_all(void) {
  struct stream *s;
  if (default_stream.last) flush(&default_stream);
  for (s = streams; s; s = s->next)
    if (s->live) flush(s);
}

int cudaMalloc(void **address, size_t bytes) {
  size_t room = (bytes + 2 * PAGE - 1) / PAGE * PAGE + PAGE; /* a page that belongs to nobody behind each */
  GATE();
  if (bytes > MEMORY - live_bytes - taken && !shim_spoiled("memory without end")) return OUT_OF_MEMORY;
  if (!region) {
    void *map = mmap(NULL, REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return OUT_OF_MEMORY;
    region = region_next = (uintptr_t) map;
  }
  char *content = malloc(LARGER(bytes, 1));
  memset(content, 0xFF, bytes);
  *address = (void *) region_next;
  add(region_next, bytes, content, 0);
  region_next += room;
  return 0;
}

int cudaFree(void *address) {
  struct range *r;
  GATE();
  if (!address) return 0;
  r = find(address, 0);
  if (!r || !r->live || r->start != (uintptr_t) address) {
    shim_violation(__func__, r && !r->live ? "freed twice" : "not the start of an allocation");
    return INVALID_VALUE;
  }
  flush_all(); /* as the real one, it waits */
  free(r->content);
  r->content = NULL;
  r->live = 0;
  if (!shim_spoiled("memory lost")) live_bytes -= r->bytes;
  return 0;
}

int cudaMallocHost(void **address, size_t bytes) {
  GATE();
  if (bytes > MEMORY) return OUT_OF_MEMORY;
  *address = malloc(LARGER(bytes, 1));
  memset(*address, 0xFF, bytes);
  add((uintptr_t) *address, bytes, NULL, 1);
  return 0;
}

static int pending(void) {
  struct stream *s;
  for (s = streams; s; s = s->next)
    if (s->live && s->first) return 1;
  return default_stream.first != NULL;
}

int cudaFreeHost(void *address) {
  struct range *r, **link = &ranges;
  GATE();
  r = find(address, 1);
  if (!r || r->start != (uintptr_t) address) {
    shim_violation(__func__, "not the start of pinned memory");
    return INVALID_VALUE;
  }
  if (pending()) {
    shim_violation(__func__, "freed while work is pending that may use it");
    flush_all();
  }
  live_bytes -= r->bytes;
  while (*link != r) link = &(*link)->next;
  *link = r->next;
  free(address);
  free(r);
  return 0;
}

int cudaMemGetInfo(size_t *free_bytes, size_t *total) {
  GATE();
  *free_bytes = MEMORY - live_bytes - taken;
  *total = MEMORY;
  return 0;
}

/* ---- streams and copies ---- */

static struct stream *stream_of(void *handle) {
  struct stream *s;
  if (!handle) {
    if (!default_stream.last) default_stream.last = &default_stream.first;
    return &default_stream;
  }
  for (s = streams; s; s = s->next)
    if (s == handle && s->live) return s;
  return NULL;
}

int shim_enqueue(const char *function, void *stream, void (*work)(void *), const void *arguments, size_t bytes) {
  struct stream *s = stream_of(stream);
  struct operation *operation;
  if (!s) {
    shim_violation(function, "no such stream");
    return 0;
  }
  operation = malloc(sizeof *operation);
  operation->work = work;
  operation->arguments = malloc(bytes);
  memcpy(operation->arguments, arguments, bytes);
  operation->next = NULL;
  *s->last = operation;
  s->last = &operation->next;
  return 1;
}

int cudaStreamCreateWithFlags(void **stream, unsigned flags) {
  struct stream *s;
  GATE();
  if (flags > 1) return INVALID_VALUE;
  s = calloc(1, sizeof *s); /* never freed, so that its handle never comes back */
  s->live = 1;
  s->last = &s->first;
  s->next = streams;
  streams = s;
  live_handles++;
  *stream = s;
  return 0;
}

int cudaStreamDestroy(void *stream) {
  struct stream *s = stream ? stream_of(stream) : NULL;
  GATE();
  if (!s) {
    shim_violation(__func__, "no such stream");
    return INVALID_HANDLE;
  }
  flush(s);
  s->live = 0;
  live_handles--;
  return 0;
}

int cudaStreamSynchronize(void *stream) {
  struct stream *s = stream_of(stream);
  GATE();
  if (!s) {
    shim_violation(__func__, "no such stream");
    return INVALID_HANDLE;
  }
  flush(s);
  return 0;
}

struct copy {
  void *target, *source, *staged;
  size_t bytes;
  int kind;
};

static void run_copy(void *arguments) {
  struct copy *c = arguments;
  void *source = c->staged ? c->staged : c->source, *target = c->target;
  if (c->kind != HOST_TO_DEVICE) source = shim_operand("cudaMemcpyAsync", "source", source, c->bytes);
  if (c->kind != DEVICE_TO_HOST) target = shim_operand("cudaMemcpyAsync", "target", target, c->bytes);
  if (source && target) memmove(target, source, c->bytes);
  if (source && target && c->bytes && shim_spoiled("copies cut short")) ((char *) target)[c->bytes - 1]++;
  free(c->staged);
}

int cudaMemcpyAsync(void *target, const void *source, size_t bytes, int kind, void *stream) {
  struct copy c = {target, (void *) (uintptr_t) source, NULL, bytes, kind};
  int to_device = kind != DEVICE_TO_HOST, from_device = kind != HOST_TO_DEVICE, blocking = 0;
  const void *host = kind == HOST_TO_DEVICE ? source : target;
  GATE();
  if (kind < HOST_TO_DEVICE || kind > DEVICE_TO_DEVICE) return INVALID_DIRECTION;
  if (to_device && !shim_operand(__func__, "target", target, bytes)) return INVALID_VALUE;
  if (from_device && !shim_operand(__func__, "source", source, bytes)) return INVALID_VALUE;
  if (kind != DEVICE_TO_DEVICE) {
    struct range *pinned;
    if (!shim_on_host(__func__, kind == HOST_TO_DEVICE ? "source" : "target", host)) return INVALID_VALUE;
    pinned = find(host, 1);
    if (pinned && bytes > pinned->bytes - ((uintptr_t) host - pinned->start)) {
      shim_violation(__func__, "a copy of %zu bytes leaves pinned memory", bytes);
      return INVALID_VALUE;
    }
    if (kind == HOST_TO_DEVICE && !pinned) {
      c.staged = malloc(LARGER(bytes, 1));
      memcpy(c.staged, source, bytes);
    }
    if (kind == DEVICE_TO_HOST) {
      memset(target, 0xFF, bytes); /* whoever reads before it arrives reads NaN */
      blocking = !pinned;
    }
  }
  if (kind != DEVICE_TO_DEVICE) copied_bytes += (long long) bytes;
  if (!shim_enqueue(__func__, stream, run_copy, &c, sizeof c)) return INVALID_HANDLE;
  if (blocking) flush(stream_of(stream));
  return 0;
}

struct fill {
  void *target;
  size_t bytes;
  int value;
};

static void run_fill(void *arguments) {
  struct fill *f = arguments;
  void *content = shim_operand("cudaMemsetAsync", "target", f->target, f->bytes);
  if (content) memset(content, f->value, f->bytes);
}

int cudaMemsetAsync(void *target, int value, size_t bytes, void *stream) {
  struct fill f = {target, bytes, value};
  GATE();
  if (!shim_operand(__func__, "target", target, bytes)) return INVALID_VALUE;
  return shim_enqueue(__func__, stream, run_fill, &f, sizeof f) ? 0 : INVALID_HANDLE;
}

/* ---- devices and texts ---- */

int cudaRuntimeGetVersion(int *version) {
  int status = 0, i;
  for (i = 0; i < fault_count; i++)
    if (strcmp(faults[i].function, __func__) == 0) status = faults[i].status;
  if (!status) *version = SHIM_MAJOR * 1000 + 40;
  return status;
}

int cudaDriverGetVersion(int *version) {
  *version = driver_version;
  return 0;
}

int cudaGetDeviceCount(int *count) {
  GATE();
  *count = devices;
  return 0;
}

int cudaSetDevice(int device) {
  GATE();
  return device >= 0 && device < devices ? 0 : INVALID_DEVICE;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device) {
  GATE();
  if (device < 0 || device >= devices) return INVALID_DEVICE;
  *value = attribute == 75 ? 9 : attribute == 16 ? 1 : 0;
  return 0;
}

/* the real structure is longer than its name, and not the same in all versions */
int cudaGetDeviceProperties(char *properties, int device) {
  GATE();
  if (device < 0 || device >= devices) return INVALID_DEVICE;
  memset(properties, 0xA5, 1032);
  strcpy(properties, "Stand-in");
  return 0;
}

int cudaGetLastError(void) { return sticky; }

const char *cudaGetErrorName(int error) {
  switch (error) {
    case 0: return "cudaSuccess";
    case 1: return "cudaErrorInvalidValue";
    case 2: return "cudaErrorMemoryAllocation";
    case 35: return "cudaErrorInsufficientDriver";
    case 100: return "cudaErrorNoDevice";
    case 209: return "cudaErrorNoKernelImageForDevice";
    case 700: return "cudaErrorIllegalAddress";
    case 719: return "cudaErrorLaunchFailure";
    case 803: return "cudaErrorSystemDriverMismatch";
    default: return "unrecognized error code";
  }
}

const char *cudaGetErrorString(int error) { return error == 2 ? "out of memory" : cudaGetErrorName(error); }

/* All as at the start; handles and memory that were left are forgotten. */
void shim_reset(void) {
  struct range *r;
  struct stream *s;
  fault_count = 0;
  spoiled[0] = 0;
  sticky = 0;
  flush_all();
  for (r = ranges; r; r = r->next) {
    if (!r->live) continue;
    if (r->pinned) free((void *) r->start);
    else free(r->content);
    r->live = 0;
    r->content = NULL;
    r->pinned = r->pinned ? 2 : 0;
  }
  for (s = streams; s; s = s->next) s->live = 0;
  live_bytes = taken = 0;
  products = copied_bytes = 0;
  live_handles = violations = 0;
  driver_version = SHIM_MAJOR * 1000 + 40;
  devices = 1;
  last_violation[0] = 0;
}
