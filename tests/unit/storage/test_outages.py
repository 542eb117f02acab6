"""How long a call goes on with a store that is away, and what is said meanwhile."""

import itertools
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from support.clock import only_sleeping_moves_the_clock

from components.contracts.errors import BadInputError
from components.runtime.patience import DEFAULT, IN_CLUSTER, VARIABLE, waiting_for_stores
from components.storage import StorageError, outages
from components.storage.errors import AwayError
from components.storage.outages import Endpoints, noticed
from components.storage.retry import DEADLINE, Tries, retried, written_once

STORE = "http://store:8333"
REFUSED = AwayError(f"cannot reach {STORE} for s3://b: Connection refused", STORE)
NAMELESS = AwayError(f"cannot reach {STORE} for s3://b: Name not known", STORE, nameless=True)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves; its sleeps are noted."""
    return only_sleeping_moves_the_clock(monkeypatch)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in a pod, in a process that has asked no store."""
    monkeypatch.delenv(IN_CLUSTER, raising=False)
    fresh = Endpoints()
    monkeypatch.setattr(outages, "ENDPOINTS", fresh)
    monkeypatch.setattr("components.storage.retry.ENDPOINTS", fresh)


def a_job(wait: str = "") -> AbstractContextManager[None]:
    return waiting_for_stores({VARIABLE: wait})


def answer() -> None:
    with noticed(STORE):
        pass


@pytest.fixture
def known() -> None:
    """The store answered before."""
    answer()


def asked(away_until: Callable[[], bool], error: AwayError = REFUSED) -> Callable[[], str]:
    """A call to a store that is away until then."""

    @retried
    def ask() -> str:
        with noticed(STORE):
            if away_until():
                return "there"
            raise error

    return ask


def gives_up(error: AwayError = REFUSED) -> None:
    with pytest.raises(StorageError, match="cannot reach"):
        asked(lambda: False, error)()


@pytest.mark.usefixtures("known")
def test_a_job_goes_on_when_its_store_comes_back_after_five_minutes(clock: list[float]) -> None:
    with a_job():
        assert asked(lambda: sum(clock) > 300)() == "there"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("said", "seconds"), [("", DEFAULT), ("90", 90), ("0", DEADLINE)])
def test_a_job_waits_as_long_as_is_asked(clock: list[float], said: str, seconds: float) -> None:
    with a_job(said):
        gives_up()
    assert seconds - 5 <= sum(clock) <= seconds


@pytest.mark.usefixtures("known")
def test_what_is_no_job_gives_up_soon(clock: list[float]) -> None:
    with a_job():
        pass
    gives_up()
    assert sum(clock) <= DEADLINE


@pytest.mark.parametrize("error", [REFUSED, NAMELESS])
def test_an_address_that_never_answered_is_given_up_soon(
    clock: list[float], error: AwayError
) -> None:
    with a_job():
        gives_up(error)
    assert sum(clock) <= DEADLINE


@pytest.mark.parametrize(("error", "seconds"), [(REFUSED, DEFAULT), (NAMELESS, DEADLINE)])
def test_in_a_pod_only_a_name_that_nobody_knows_is(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, error: AwayError, seconds: float
) -> None:
    monkeypatch.setenv(IN_CLUSTER, "10.0.0.1")
    with a_job():
        gives_up(error)
    assert seconds - 5 <= sum(clock) <= seconds


@pytest.mark.usefixtures("known")
def test_an_outage_is_waited_out_once_whatever_is_to_be_cleared_away_then(
    clock: list[float],
) -> None:
    with a_job():
        for _ in range(3):
            gives_up()
    assert sum(clock) <= DEFAULT + 2 * DEADLINE


@pytest.mark.usefixtures("known")
def test_after_it_came_back_the_next_outage_is_waited_out_too(clock: list[float]) -> None:
    with a_job():
        for start in (0, 400):
            assert asked(lambda end=start + 400: sum(clock) > end)() == "there"


@pytest.mark.usefixtures("known")
def test_a_conditional_write_waits_as_well(clock: list[float]) -> None:
    def write() -> str:
        if sum(clock) < 300:
            raise REFUSED
        return "version"

    with a_job():
        assert written_once(write, pytest.fail, b"") == "version"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, "components.storage.outages")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.usefixtures("known")
def test_it_is_said_at_once_then_every_half_minute_and_when_it_is_over(
    clock: list[float], said: Callable[[], list[str]]
) -> None:
    with a_job():
        asked(lambda: sum(clock) > 120)()
    first, *more, last = said()
    assert first == f"{REFUSED}; trying again for up to 10 min"
    assert 2 <= len(more) <= 4
    assert more[-1] == f"{REFUSED}; trying again for up to 8 min"
    assert last == f"{STORE} answers again after 2 min"


@pytest.mark.usefixtures("known")
def test_a_connection_that_breaks_once_is_no_news(said: Callable[[], list[str]]) -> None:
    with a_job():
        asked(iter([False, True]).__next__)()
    assert said() == []


@pytest.mark.usefixtures("known")
def test_calls_from_many_threads_say_it_once(
    clock: list[float], said: Callable[[], list[str]]
) -> None:
    with a_job():
        calls = itertools.cycle([Tries() for _ in range(8)])
        while sum(clock) < 20:  # and a last pause: half a minute has not passed since it was said
            with pytest.raises(AwayError), noticed(STORE):
                raise REFUSED
            next(calls).pause_after(REFUSED)
    assert len(said()) == 1


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan", "5m"])
def test_what_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=f"{VARIABLE}: '{text}' is not a number"), a_job(text):
        pass
