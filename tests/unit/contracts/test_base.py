from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contracts.artifacts import check_persona, persona_of
from components.contracts.base import facts_of, read_rows, write_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import DatasetRow, Post
from components.contracts.reports import PostCounts, PrepareReport

ROW = DatasetRow(
    id="1", author="ann", created_at=datetime(2016, 12, 1, 19, 15, tzinfo=UTC), text="hi"
)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_rows_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    rows = [ROW.model_copy(update={"text": text}) for text in texts]
    write_rows(path, rows)
    assert list(read_rows(path, DatasetRow)) == rows


def test_times_are_utc_with_a_z(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [ROW])
    assert '"2016-12-01T19:15:00Z"' in (tmp_path / "rows.jsonl").read_text()


def test_a_broken_row_names_file_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, [ROW])
    with path.open("a") as file:
        file.write('{"id": "2"}\n')
    with pytest.raises(BadInputError, match=r"rows\.jsonl, line 2: author"):
        list(read_rows(path, DatasetRow))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 1}', "\xff"])
def test_a_broken_report_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prepare.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BadInputError, match="prepare.json is not a PrepareReport"):
        PrepareReport.read(path)


def test_a_missing_report_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot read .*prepare.json: No such file"):
        PrepareReport.read(tmp_path / "prepare.json")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        Post.model_validate(
            {"id": "1", "author": "a", "created_at": "2016-12-01T19:15:22", "text": "hi"}
        )


def test_contracts_are_frozen_and_closed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        ROW.text = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="extra"):
        PostCounts.model_validate({"kept": 1, "invented": 2})


@pytest.mark.parametrize("name", ["ann", "ann-bo", "a.b_c", "0day", "A" * 96])
def test_names_that_can_be_personas(name: str) -> None:
    assert check_persona(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "a b", "ä", "a..b", "A" * 97, "a\n"])
def test_names_that_cannot(name: str) -> None:
    with pytest.raises(BadInputError, match="cannot name a persona"):
        check_persona(name)


def test_a_persona_is_named_after_its_authors() -> None:
    assert persona_of(["zoe", "ann"]) == "ann-zoe"


def test_facts_leave_out_lists_and_nothing() -> None:
    assert facts_of({"a": {"b": {"c": 1}}, "list": [1], "none": None, "schema_version": 1}) == {
        "a.b.c": 1
    }
