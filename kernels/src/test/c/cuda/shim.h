/*
 * A stand-in for libcudart, libcublas and libcusolver that computes in host memory and is hard on its caller: what a GPU
 * might forgive today and not tomorrow is counted as a violation. Single-threaded, as its caller promises to be.
 *
 *   - device memory is address space without access; its content lies elsewhere, so host code that touches it dies
 *   - an address is never handed out twice, so use after free is seen; fresh and freed memory is full of NaN
 *   - every operand must lie inside one live allocation
 *   - work is done when its stream is waited for, and only then; pinned memory is read and written only then
 */
#ifndef SHIM_H
#define SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifndef SHIM_MAJOR
#define SHIM_MAJOR 12
#endif

/* Counts a violation and keeps its text. */
void shim_violation(const char *function, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The status that a test asked this function to return; 0 if none. */
int shim_status(const char *function);

/* Whether an address lies in device memory, allocated or not. */
int shim_on_device(const void *address);

/* The content of an operand of so many bytes; NULL, and a violation, unless it lies in one live allocation. */
void *shim_operand(const char *function, const char *name, const void *address, size_t bytes);

/* A host pointer that the call reads or writes at once; 0, and a violation, if it is NULL or on the device. */
int shim_on_host(const char *function, const char *name, const void *address);

/* Queues work on a stream; the arguments are copied. 0, and a violation, if there is no such stream. */
int shim_enqueue(const char *function, void *stream, void (*work)(void *arguments), const void *arguments, size_t bytes);

/* Handles are counted, so that a test sees those that were not given back. */
void shim_count_handles(int change);

/* Products are counted, so that a test sees where they were computed. */
void shim_count_product(void);

/* Whether a test asked for this fault of a device, which no caller is to blame for. */
int shim_spoiled(const char *fault);

#define LARGER(a, b) ((a) > (b) ? (a) : (b))

#endif
