"""How long threads that compute wait for each other before they sleep."""

import ctypes
from collections.abc import MutableMapping

SPINS, SPIN_VARIABLE = "10000", "GOMP_SPINCOUNT"
"""A tenth of a millisecond. By default a thread that waits keeps its processor busy for several
milliseconds after each matrix product, even when the thread it waits for needs that processor:
beside two busy processes on two processors a token took 1.2 s so, and 0.18 s with this; alone it
takes 17 ms either way."""
PAUSE_SOFT = 1
"""`omp_pause_soft` of OpenMP 5.0, 3.2.44: helpers end, settings stay."""


def wait_briefly(environment: MutableMapping[str, str]) -> None:
    """Have threads that wait sleep soon, unless the environment decides; before torch is loaded."""
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault(SPIN_VARIABLE, SPINS)


def release_helpers() -> None:
    """End the threads that help this one to compute; the next product starts them anew.

    GNU's OpenMP keeps helpers for every thread that ever computed. Once there are more of them
    than processors it has all of them sleep between any two products, and be woken again: a token
    took 1.5 times as long so. Whoever stops computing for a while lets its helpers go.
    """
    pause = getattr(ctypes.CDLL(None), "omp_pause_resource_all", None)
    if pause is not None:
        pause(PAUSE_SOFT)
