import pytest
from support.clock import only_sleeping_moves_the_clock

from components.storage import ConflictError, ObjectMissingError
from components.storage import retry as retrying
from components.storage.base import Content
from components.storage.errors import ChecksumError, TransientError
from components.storage.retry import attempts, retried, retried_on, written_once


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves; its sleeps are noted."""
    return only_sleeping_moves_the_clock(monkeypatch)


def test_attempts_end_with_the_deadline_and_pause_ever_longer(clock: list[float]) -> None:
    count = len(list(attempts(60.0)))
    assert count > 12
    assert 50 < sum(clock) <= 60
    assert max(clock[:3]) <= 0.4
    assert max(clock) <= retrying.LONGEST_PAUSE


def test_two_attempts_are_made_however_long_the_first_took(clock: list[float]) -> None:
    numbers = []
    for number in attempts(1.0):
        numbers.append(number)
        clock.append(100.0)
    assert numbers == [0, 1]


def test_a_dead_endpoint_is_known_within_a_minute() -> None:
    """The slowest way to fail: the last attempt starts at the deadline and never hears anything."""
    assert retrying.DEADLINE + retrying.CONNECT_TIMEOUT + retrying.READ_TIMEOUT < 60
    assert 2 * (retrying.CONNECT_TIMEOUT + retrying.READ_TIMEOUT) + retrying.LONGEST_PAUSE < 60


def test_only_what_may_pass_is_tried_again() -> None:
    calls = []

    @retried
    def fail(error: Exception) -> None:
        calls.append(error)
        raise error

    with pytest.raises(ObjectMissingError):
        fail(ObjectMissingError("gone"))
    assert len(calls) == 1
    with pytest.raises(TransientError, match="busy"):
        fail(TransientError("busy"))
    assert len(calls) > 5


def test_bytes_that_are_wrong_every_time_are_sent_for_a_short_while(clock: list[float]) -> None:
    @retried_on(ChecksumError)
    def fail() -> None:
        raise ChecksumError("other bytes")

    with pytest.raises(ChecksumError):
        fail()
    assert sum(clock) <= retrying.DEADLINE


def written(stood: bytes, *happens: Exception | str) -> str:
    """What `written_once` makes of these outcomes while `stood` stands there."""
    outcomes = iter(happens)

    def write() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return written_once(write, lambda: Content(stood, "theirs"), b"ours")


def test_a_conflict_with_ourselves_is_no_conflict() -> None:
    lost, conflict = TransientError("lost"), ConflictError("there")
    assert written(b"ours", "fresh") == "fresh"
    assert written(b"ours", lost, "fresh") == "fresh"
    assert written(b"ours", lost, conflict) == "theirs"
    with pytest.raises(ConflictError):
        written(b"other", lost, conflict)
    with pytest.raises(ConflictError):
        written(b"ours", conflict)
