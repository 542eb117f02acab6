import pytest

from components.collect.web import asking


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, none of which is waited."""
    taken: list[float] = []
    monkeypatch.setattr(asking.time, "sleep", taken.append)
    return taken
