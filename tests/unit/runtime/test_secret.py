from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.runtime.secret import secret


def test_a_secret_comes_from_its_variable_before_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    environment = {"TOKEN": " from-variable ", "TOKEN_FILE": str(tmp_path / "token")}
    found = secret(environment, "TOKEN")
    assert found is not None
    assert (found.read(), found.where) == ("from-variable", "TOKEN")
    assert "from-variable" not in repr(found)
    found = secret({**environment, "TOKEN": " "}, "TOKEN")
    assert found is not None
    assert (found.read(), found.where) == ("from-file", "TOKEN_FILE")


@pytest.mark.parametrize("environment", [{}, {"TOKEN": "", "TOKEN_FILE": ""}])
def test_where_none_is_set_there_is_none(environment: dict[str, str]) -> None:
    assert secret(environment, "TOKEN") is None


def test_a_secret_that_is_rotated_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old")
    found = secret({"TOKEN_FILE": str(tmp_path / "token")}, "TOKEN")
    assert found is not None
    (tmp_path / "token").write_text("new")
    assert found.read() == "new"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot read"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff", "not UTF-8 text")],
)
def test_a_file_that_holds_no_secret_is_refused(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(BadInputError, match=f"TOKEN_FILE: .*{problem}"):
        secret({"TOKEN_FILE": str(tmp_path / "token")}, "TOKEN")
