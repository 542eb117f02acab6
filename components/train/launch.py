"""Several processes on this machine that train together, one a GPU."""

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import (
    ProcessExitedException,
    ProcessRaisedException,
    start_processes,
)

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.lm.devices import Device, why_no_gpu
from components.runtime.logs import set_up_logs
from components.runtime.patience import waiting_for_stores
from components.train.group import (
    ADDRESS,
    LOCAL_RANK,
    LOCAL_WORLD_SIZE,
    PORT,
    RANK,
    WORLD_SIZE,
)

HERE = "127.0.0.1"
USE_STORE = "TORCHELASTIC_USE_AGENT_STORE"
"""Tells the first process, as torchrun does, that the place to meet is another process's."""
GLOO_INTERFACE = "GLOO_SOCKET_IFNAME"
PR_SET_PDEATHSIG = 1  # of linux/prctl.h


class ProcessError(HuggingtweetsError):
    """What one of the processes ended with."""

    def __init__(self, sentence: str, exit_code: int = 1, *, is_final: bool = False) -> None:
        """The sentence and exit code of that process."""
        super().__init__(sentence)
        self.exit_code, self.is_final = exit_code, is_final


def check_gpus(gpus: int, device: Device) -> None:
    """Make sure that each of so many processes has a GPU, unless `device` is the processor.

    Raises:
        BadInputError: there are fewer.
    """
    if gpus <= 1 or device == "cpu":
        return
    if why := why_no_gpu():
        raise BadInputError(
            f"--gpus {gpus}: {why}; give --device cpu, too, to train in {gpus} processes on the "
            "processor"
        )
    if gpus > (there := torch.cuda.device_count()):
        raise BadInputError(f"--gpus {gpus}: this machine has {there}; give --gpus {there}")


def launch(work: Callable[..., object], processes: int, **arguments: Any) -> None:
    """Have `work(**arguments)` done by so many processes of this machine, as one group.

    The first that fails ends the others; they end, too, where this process is killed.

    Raises:
        ProcessError: one failed; the sentence is its own.
    """
    with _meeting_place() as variables:
        launch_with(variables | {WORLD_SIZE: str(processes)}, 0, work, processes, **arguments)


def launch_with(
    variables: Mapping[str, str],
    first: int,
    work: Callable[..., object],
    processes: int,
    **arguments: Any,
) -> None:
    """The same for the part of a group whose numbers begin with `first`.

    `variables` say where the group meets, and how large it is.

    Raises:
        ProcessError: one failed; the sentence is its own.
    """
    said = multiprocessing.get_context("spawn").SimpleQueue()
    variables = {**variables, LOCAL_WORLD_SIZE: str(processes)}
    begun = start_processes(  # type: ignore[no-untyped-call]
        _process, (first, variables, work, arguments, said), processes, join=False
    )
    try:
        while not begun.join():
            pass
    except (ProcessExitedException, ProcessRaisedException) as error:
        if not said.empty():
            sentence, exit_code, is_final = said.get()
            raise ProcessError(sentence, exit_code, is_final=is_final) from error
        killed = [at for at, one in enumerate(begun.processes) if one.exitcode == -signal.SIGKILL]
        if not killed:
            raise
        raise ProcessError(
            f"process {first + killed[0] + 1} of the {variables[WORLD_SIZE]} that train together "
            "was killed, perhaps for want of memory; the same command goes on from the checkpoint "
            "where there is a --checkpoint-uri"
        ) from error
    finally:
        for process in begun.processes:  # where this one is interrupted alone
            process.kill()


def _process(
    number: int,
    first: int,
    variables: Mapping[str, str],
    work: Callable[..., object],
    arguments: Mapping[str, Any],
    said: Any,
) -> None:
    """One of the processes, from its start."""
    _end_with_parent()
    os.environ.update(variables)
    os.environ.update({RANK: str(first + number), LOCAL_RANK: str(number)})
    set_up_logs()
    try:
        with waiting_for_stores(os.environ):
            work(**arguments)
    except HuggingtweetsError as error:
        said.put((str(error), error.exit_code, error.is_final))
        raise SystemExit(error.exit_code) from error


def _end_with_parent() -> None:
    """Be killed as soon as the process that launched this one is, or end if it was already.

    A training that went on alone would write over what the next attempt writes.
    """
    with suppress(OSError, AttributeError):  # prctl(2) is Linux's
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:
        raise SystemExit(1)


@contextmanager
def _meeting_place() -> Iterator[dict[str, str]]:
    """Where the processes of this machine meet: a port that this process holds meanwhile."""
    store = dist.TCPStore(  # type: ignore[attr-defined]
        HERE, 0, is_master=True, wait_for_workers=False
    )
    yield {
        ADDRESS: HERE,
        PORT: str(store.port),
        USE_STORE: str(True),
        GLOO_INTERFACE: os.environ.get(GLOO_INTERFACE) or "lo",
    }
