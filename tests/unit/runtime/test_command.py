import argparse
import errno
import json

import pytest

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.runtime.command import parse_words, run_command


def fails_with(error: Exception) -> int:
    def command() -> None:
        raise error

    return run_command(command)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (HuggingtweetsError("the gate failed"), 1, "the gate failed"),
        (BadInputError("no such file"), 2, "no such file"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 1, "the disk is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), 1, "the disk is full"),
        (OSError(errno.EFBIG, "File too large"), 1, "no file as large as this"),
        (PermissionError(errno.EACCES, "Permission denied", "here"), 2, "here: Permission denied"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails_with(error) == code
    assert said in capsys.readouterr().err


def test_a_pods_log_says_with_which_code_a_step_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_LOG_FORMAT", "json")
    fails_with(BadInputError("no such file"))
    said = json.loads(capsys.readouterr().err)
    assert (said["message"], said["exit_code"]) == ("error: no such file", 2)


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        fails_with(ZeroDivisionError())


def test_a_word_that_is_no_text_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("place")
    with pytest.raises(SystemExit) as caught:
        parse_words(parser, ["caf\udce9"])
    assert caught.value.code == 2
    assert "'caf\\udce9' is not UTF-8 text" in capsys.readouterr().err


def test_a_log_format_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_LOG_FORMAT", "yaml")
    assert run_command(lambda: 0) == 2
    assert "'yaml' is neither 'json' nor 'text'" in capsys.readouterr().err
