import subprocess
import sys
import threading
from pathlib import Path

import pytest

from components.runtime.lock import Lock, lock

HOLDING = """
import pathlib, sys
from components.runtime.lock import Lock, lock
with lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_lock_is_one_process_s_and_dies_with_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path if kind == "folder" else tmp_path / ".lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), lock(path, wait=False):
            pass
        holder.kill()
    with lock(path, wait=False):
        pass


def test_who_waits_goes_on_when_the_lock_is_free(tmp_path: Path) -> None:
    entered = threading.Event()

    def wait() -> None:
        with lock(tmp_path / ".lock"):
            entered.set()

    with lock(tmp_path / ".lock"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not entered.wait(0.1)
    assert entered.wait(10)
    waiting.join()


def test_shared_locks_go_together_and_keep_others_out(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    shared = (Lock(path, shared=True), Lock(path, shared=True))
    with shared[0], shared[1], pytest.raises(BlockingIOError):
        Lock(path, wait=False)
    with lock(path, wait=False), pytest.raises(BlockingIOError):
        Lock(path, wait=False, shared=True)


def test_who_waits_for_a_file_that_its_holder_deletes_locks_the_one_after_it(
    tmp_path: Path,
) -> None:
    path, entered = tmp_path / ".lock", threading.Event()

    def wait() -> None:
        with lock(path):
            with pytest.raises(BlockingIOError):
                Lock(path, wait=False)
            entered.set()

    with lock(path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not entered.wait(0.1)
        path.unlink()
    waiting.join(10)
    assert entered.is_set()
