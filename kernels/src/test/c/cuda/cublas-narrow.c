/* A cuBLAS without the functions that take 64-bit sizes. */
#define SHIM_NARROW
#include "cublas.c"
