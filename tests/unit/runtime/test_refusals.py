"""A step that ended by bad input says the same at once when Kubeflow tries it again."""

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.collect.__main__ import main as collect
from components.contracts.errors import BadInputError, HuggingtweetsError, UnreachableError
from components.contracts.refusal import Refusal
from components.gate.judgement import GateFailedError
from components.runtime import refusals
from components.runtime.refusals import MARK, RETRY_INDEX, RefusedBeforeError, refused_once
from components.storage import ConflictError, StorageError, open_store
from components.storage.errors import ChecksumError, TransientError

LINE = "python -m components.prepare --dataset-out /s3/b/run/prepare/1/train_dataset"


class Attempts:
    """One task's attempts; each starts in a new pod, which knows nothing of the others."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.worked = 0

    def run(self, ends: Exception | None = None, line: str = LINE) -> None:
        with refused_once(self.place, line):
            self.worked += 1
            if ends:
                raise ends


@pytest.fixture
def attempts(store_uri: str) -> Attempts:
    return Attempts(f"{store_uri}/persona/run-1/prepare/execution-1")


def test_the_next_attempt_says_the_same_before_it_works(attempts: Attempts) -> None:
    sentence = "of @ann 0 of 1 posts remain; collect more — “naïve” ones, too"
    with pytest.raises(BadInputError):
        attempts.run(BadInputError(sentence))
    for _ in range(2):
        with pytest.raises(RefusedBeforeError) as again:
            attempts.run()
        assert (str(again.value), again.value.exit_code) == (sentence, 2)
    assert attempts.worked == 1


def test_a_killed_or_evicted_attempt_leaves_nothing(attempts: Attempts, store_uri: str) -> None:
    class KilledError(BaseException):
        """What no code of ours catches."""

    with pytest.raises(KilledError), refused_once(attempts.place, LINE):
        raise KilledError
    attempts.run()
    assert list(open_store(store_uri).list()) == []


def test_another_run_task_or_configuration_is_not_refused_for_it(attempts: Attempts) -> None:
    with pytest.raises(BadInputError):
        attempts.run(BadInputError("no"))
    attempts.run(line=f"{LINE} --keep-newlines")
    root = attempts.place.removesuffix("/run-1/prepare/execution-1")
    for place in ("run-2/prepare/execution-1", "run-1/prepare/execution-2", "run-1/train/3"):
        Attempts(f"{root}/{place}").run()


def test_what_may_go_well_the_next_time_is_tried_again(tmp_path: Path) -> None:
    attempts = Attempts(str(tmp_path / "execution"))
    for error in (
        HuggingtweetsError("the run failed"),
        UnreachableError("the Hub is away"),
        TransientError("the store is away"),
        ChecksumError("the bytes are wrong"),
        ConflictError("somebody came first"),
        MemoryError(),
        OSError("the node is ill"),
    ):
        with pytest.raises(type(error)):
            attempts.run(error)
    assert attempts.worked == 7
    assert not (tmp_path / "execution").exists()


@pytest.mark.parametrize(
    ("error", "code"), [(GateFailedError("too much copied"), 1), (StorageError("no bucket"), 2)]
)
def test_each_end_for_good_keeps_its_exit_code(
    error: HuggingtweetsError, code: int, tmp_path: Path
) -> None:
    attempts = Attempts(str(tmp_path))
    with pytest.raises(type(error)):
        attempts.run(error)
    with pytest.raises(RefusedBeforeError) as again:
        attempts.run()
    assert again.value.exit_code == code
    assert Refusal.read(tmp_path / MARK).sentence == str(error)


def test_a_first_attempt_does_not_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who has mended what was wrong may start a failed step of the same run anew."""
    attempts = Attempts(str(tmp_path))
    with pytest.raises(BadInputError):
        attempts.run(BadInputError("there is no such file"))
    monkeypatch.setenv(RETRY_INDEX, "0")
    attempts.run()
    monkeypatch.setenv(RETRY_INDEX, "1")
    with pytest.raises(RefusedBeforeError):
        attempts.run()


@pytest.mark.parametrize("mark", [b"", b"{", b"[]", b'{"sentence": 3}', b"\xff\x00"])
def test_a_damaged_mark_stops_nobody(mark: bytes, tmp_path: Path) -> None:
    (tmp_path / MARK).write_bytes(mark)
    Attempts(str(tmp_path)).run()


@pytest.mark.parametrize("place", ["", "ftp://host/x", "gs://", "/proc/nothing/here"])
def test_where_no_mark_can_be_kept_the_step_ends_by_itself(place: str) -> None:
    attempts = Attempts(place)
    for _ in range(2):
        with pytest.raises(BadInputError, match="^no$"):
            attempts.run(BadInputError("no"))
    assert attempts.worked == 2


def test_a_store_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "PATIENCE_SECONDS", 0.05)
    away = threading.Event()
    monkeypatch.setattr(refusals, "_store", lambda place: away.wait(60))
    try:
        with pytest.raises(BadInputError, match="^no$"):
            Attempts("s3://bucket/run").run(BadInputError("no"))
    finally:
        away.set()


def executor_input(place: str, folder: Path) -> str:
    out = {"name": "raw_dataset", "uri": f"{place}/raw_dataset", "type": {}}
    logs = {"name": "executor-logs", "uri": f"{place}/executor-logs", "type": {}}
    return json.dumps(
        {
            "inputs": {"parameterValues": {}},
            "outputs": {
                "artifacts": {
                    "executor-logs": {"artifacts": [logs]},
                    "raw_dataset": {"artifacts": [out]},
                },
                "outputFile": str(folder / "output_metadata.json"),
            },
        }
    )


def test_a_step_of_a_pipeline_ends_as_its_first_attempt_did(
    store_uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its pod is new: of the first one's folders nothing is left but what lies in the store."""
    place = f"{store_uri}/persona/run-1/collect/execution-1"
    source = {"table": str(tmp_path / "posts.csv"), "author": "ann", "consent": "fictional"}
    words = ["--options", json.dumps([source]), "--dataset-out", str(tmp_path / "out")]
    words += ["--executor-input", executor_input(place, tmp_path)]
    ends = []
    for index in ("0", "1"):
        monkeypatch.setenv(RETRY_INDEX, index)
        code = collect(words)
        ends.append((code, last_error(capsys.readouterr().err)))
        rows = "id,text,created_at\n1,hello,2020-01-01\n"
        (tmp_path / "posts.csv").write_text(rows)  # read by no second attempt
    assert ends[0][0] == 2
    assert "posts.csv" in ends[0][1]
    assert ends[1] == ends[0]
    assert [stat.key for stat in open_store(place).list()] == [MARK]
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "output_metadata.json").exists(), "the launcher is told of no output"


def test_the_next_attempt_imports_nothing_heavy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.runtime import stage_command

    def never(name: str) -> Any:
        raise AssertionError(name)

    words = ["--options", '{"table": "/no/such.csv", "author": "a", "consent": "fictional"}']
    words += ["--dataset-out", str(tmp_path / "out")]
    words += ["--executor-input", executor_input(str(tmp_path / "execution"), tmp_path)]
    assert collect(words) == 2
    monkeypatch.setattr(stage_command.importlib, "import_module", open_storage_or(never))
    assert collect(words) == 2


def open_storage_or(never: Callable[[str], Any]) -> Callable[[str], Any]:
    import components.storage

    return lambda name: components.storage if name == "components.storage" else never(name)


def last_error(log: str) -> str:
    return next(line for line in reversed(log.splitlines()) if line.startswith("error: "))


@pytest.fixture(autouse=True)
def _as_in_a_pod(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv(RETRY_INDEX, raising=False)
    caplog.set_level(logging.DEBUG, "components.runtime.refusals")
