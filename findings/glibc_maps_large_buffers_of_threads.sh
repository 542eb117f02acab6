#!/usr/bin/env bash
# glibc (2.36, x86-64): M_MMAP_MAX=0 keeps only the first thread from mapping large buffers anew.
#
# A program that fills and frees the same large buffers again and again, as training does with its gradients,
# sets M_MMAP_MAX to 0 (no buffer is mapped on its own) and M_TRIM_THRESHOLD high (freed memory stays), so that
# the kernel need not clear the pages each time. In the first thread that works. Other threads have arenas made
# of heaps of 64 MiB: what fits into one is kept, too, but a larger buffer is mapped after all, each time, and
# given back when it is freed. With M_ARENA_MAX=1, set before there are threads, all of them use the first arena.
#
# Seen with numpy 2.4.6, faults per buffer that is filled again: "first thread 80 MB: 0, another 48 MB: 0,
# another 80 MB: 19532, another 80 MB of one arena: 0".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
cat >"$folder/faults.py" <<'PYTHON'
import ctypes
import os
import resource
import statistics
import sys
import threading

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8
os.environ["NUMPY_MADVISE_HUGEPAGE"] = "0"  # pages of 4 KiB are counted
import numpy as np

libc = ctypes.CDLL(None)
if "one-arena" in sys.argv:
    assert libc.mallopt(M_ARENA_MAX, 1) == 1
for what, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 64 << 20)):
    assert libc.mallopt(what, value) == 1


def again(megabytes: int) -> int:
    """Page faults of this process while a buffer of that size is made and filled, when one was freed before."""
    found = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.empty(megabytes * 1_000_000, dtype=np.uint8).fill(1)
        found.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return round(statistics.median(found[1:]))


def in_another_thread(megabytes: int) -> int:
    found = []
    thread = threading.Thread(target=lambda: found.append(again(megabytes)))
    thread.start()
    thread.join()
    return found[0]


if "one-arena" in sys.argv:
    print(f"another 80 MB of one arena: {in_another_thread(80)}")
else:
    print(f"first thread 80 MB: {again(80)}, another 48 MB: {in_another_thread(48)}, "
          f"another 80 MB: {in_another_thread(80)}", end=", ")
PYTHON
seen=$("$folder/venv/bin/python" "$folder/faults.py"; "$folder/venv/bin/python" "$folder/faults.py" one-arena)
echo "$(getconf GNU_LIBC_VERSION): $seen"
pattern='^first thread 80 MB: ([0-9]{1,2}), another 48 MB: ([0-9]{1,2}), another 80 MB: (1[0-9]{4}|2[0-9]{4}), another 80 MB of one arena: ([0-9]{1,2})$'
[[ $seen =~ $pattern ]]
