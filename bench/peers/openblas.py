"""Times sgemm of NumPy's OpenBLAS and mimic's products in turn; called by bench/openblas: ROUNDS COMMAND OF mimic…"""

import statistics
import subprocess
import sys
import time

import numpy as np
import threadpoolctl

N = 4096
SECONDS = 0.2  # of each measurement
WARM_UP = 2
PAUSE = 0.3  # until threads of the one before have parked

rounds = int(sys.argv[1])
mimic = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
random = np.random.default_rng(0)
weights = [random.random((N, N), dtype=np.float32) - 0.5 for _ in range(8)]  # 512 MB: read from memory each time
x = random.random((512, N), dtype=np.float32) - 0.5
turn = 0


def of_mimic(product, dtype, rows, threads, seconds=SECONDS):
    mimic.stdin.write(f"{product} {dtype} {rows} {threads} {seconds}\n")
    mimic.stdin.flush()
    answer = mimic.stdout.readline()
    if not answer:
        sys.exit("openblas: mimic's process ended; run the command by hand: " + " ".join(sys.argv[2:]))
    time.sleep(PAUSE)
    return float(answer)


def of_openblas(rows, threads):
    global turn
    y = np.empty((rows, N), np.float32)
    with threadpoolctl.threadpool_limits(threads):
        calls, begin = 0, time.perf_counter()
        while calls < 2 or time.perf_counter() - begin < SECONDS:
            np.matmul(x[:rows], weights[turn % len(weights)].T, out=y)
            turn += 1
            calls += 1
        nanos = (time.perf_counter() - begin) * 1e9
    time.sleep(PAUSE)
    return 2 * N * N * rows * calls / nanos


libraries = [library for library in threadpoolctl.threadpool_info() if library["internal_api"] == "openblas"]
if not libraries:
    sys.exit("openblas: this NumPy is of another library; expected one of PyPI's, which bring OpenBLAS")
print(f"OpenBLAS {libraries[0]['version']}, {libraries[0]['architecture']}; GFLOP/s, medians of {rounds} rounds")
for threads in (1, 2):
    for rows in (512, 128, 32, 8):
        cases = [(product, dtype) for product in (["gemm", "gemv"] if rows == 8 else ["gemm"]) for dtype in ("F32", "BF16")]
        for product, dtype in cases:
            of_mimic(product, dtype, rows, threads, WARM_UP)
        of_openblas(rows, threads)
        speeds, ratios = {case: [] for case in cases}, {case: [] for case in cases}
        peers = []
        for _ in range(rounds):
            before = of_openblas(rows, threads)
            measured = {case: of_mimic(*case, rows, threads) for case in cases}
            peer = (before + of_openblas(rows, threads)) / 2
            peers.append(peer)
            for case, speed in measured.items():
                speeds[case].append(speed)
                ratios[case].append(speed / peer)
        line = f"{threads} thread{'s' if threads > 1 else ' '} {rows:4} rows: OpenBLAS {statistics.median(peers):4.0f}"
        for case in cases:
            line += f"; {case[0]} {case[1]} {statistics.median(speeds[case]):4.0f} ({statistics.median(ratios[case]):.2f})"
        print(line, flush=True)
