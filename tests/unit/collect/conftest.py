from pathlib import Path
from typing import Any

import pytest
from support.collecting import Read, ReadTable, RefuseTable, read_with

from components.collect.config import TableSource
from components.collect.tables.table import read_table
from components.collect.web import asking
from components.contracts.errors import BadInputError


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, none of which is waited."""
    taken: list[float] = []
    monkeypatch.setattr(asking.time, "sleep", taken.append)
    return taken


@pytest.fixture
def table(tmp_path: Path) -> ReadTable:
    """Reads what it is given as the table `t.csv`."""

    def read(data: str | bytes, **config: Any) -> Read:
        file = tmp_path / "t.csv"
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        given = TableSource(table=str(file), consent="public-figure", **config)
        return read_with(read_table, file, "t.csv", given)

    return read


@pytest.fixture
def refused(table: ReadTable) -> RefuseTable:
    """The sentence with which a table is refused."""

    def read(data: str | bytes, **config: Any) -> str:
        with pytest.raises(BadInputError) as caught:
            table(data, **config)
        sentence = str(caught.value)
        assert sentence.startswith("t.csv")
        assert sentence.isprintable()
        return sentence

    return read
