"""How a run ended, with the sentence of the step that failed."""

import json
import logging
from pathlib import Path

import pytest

from components.report.config import ReportConfig
from components.report.stage import run
from components.runtime.log_lines import error_in
from components.storage import StorageError, Store, open_store

RUN = "s3://bucket/root/persona/run-1"
FAILED = ReportConfig(status='{"state": "FAILED", "error": {}}')
PLACE = Path("/s3/bucket/root/persona/run-1/report/execution/report")


def line(message: str, level: str = "error") -> str:
    return json.dumps({"level": level, "message": message}) + "\n"


@pytest.fixture
def report_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the report goes; the launcher would mount it, and have it below `RUN` in the bucket."""

    def opened(uri: str) -> Store:
        assert uri == RUN
        return open_store(str(tmp_path / "bucket"))

    monkeypatch.setattr("components.report.step_logs.open_store", opened)
    monkeypatch.setattr("components.report.stage.uri_of", lambda place: f"s3:/{str(PLACE)[3:]}")
    return tmp_path / "report"


def keep(report_out: Path, step: str, text: str, attempt: int = 0) -> None:
    folder = report_out.parent / "bucket" / step / "execution"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"executor-logs-{attempt}").write_text(text)


def test_the_failing_step_and_its_sentence_stand_in_the_report(
    report_out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(report_out, "collect", line("collected", "info"))
    keep(report_out, "prepare", line("begun", "info") + line("error: too few `posts` <b>"))
    run(FAILED, report_out=report_out)
    said = "the run ended as FAILED: prepare failed: too few `posts` <b>"
    assert said in caplog.text
    assert f"\n````\n{said}\n````\n" in report_out.read_text()


def test_a_step_that_went_well_at_last_did_not_fail(
    report_out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(report_out, "train", line("error: the store is away"), 0)
    keep(report_out, "train", line("trained", "info"), 1)
    keep(report_out, "publish", line("error: the registry is full"))
    run(FAILED, report_out=report_out)
    assert "publish failed: the registry is full" in caplog.text
    assert "train" not in caplog.text


def test_a_run_that_went_well_says_so(report_out: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(ReportConfig(status='{"state": "SUCCEEDED"}'), report_out=report_out)
    assert "the run succeeded" in report_out.read_text()


def test_a_store_that_cannot_be_read_spoils_no_report(
    report_out: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(uri: str) -> Store:
        raise StorageError("the bucket is away")

    monkeypatch.setattr("components.report.step_logs.open_store", away)
    run(FAILED, report_out=report_out)
    assert "the bucket is away" in caplog.text
    assert "the logs of the step that failed say why" in report_out.read_text()


def test_a_report_on_this_machine_looks_at_no_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(FAILED, report_out=tmp_path / "report")
    assert (tmp_path / "report").is_file()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", None),
        (line("fine", "info"), None),
        ("error: said as text\n", "said as text"),
        (line("error: first") + line("error: last"), "last"),
        ('{"level": "error", "message": 5}\n{"level": \n{}\n[1]\n', None),
        (
            "python -m components.train: error: unrecognized arguments: --epoch-s 1; did you mean "
            "--epochs? (see python -m components.train --help)\n",
            "unrecognized arguments: --epoch-s 1; did you mean --epochs?",
        ),
        ("Traceback (most recent call last):\n  File x\nKeyError: 3\n", "KeyError: 3"),
        ("Traceback (most recent call last):\n  File x\n", None),
    ],
)
def test_the_last_error_of_a_log_is_found(text: str, sentence: str | None) -> None:
    found = error_in(text)
    assert (found and found.sentence) == sentence
