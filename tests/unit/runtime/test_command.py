import errno

import pytest

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.runtime.command import run_command


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
        (PermissionError(errno.EACCES, "Permission denied", "here"), 2, "here: Permission denied"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails_with(error) == code
    assert said in capsys.readouterr().err


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        fails_with(ZeroDivisionError())
