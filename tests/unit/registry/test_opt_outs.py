from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.registry.opt_outs import (
    add_opt_out,
    read_opt_outs,
    refuse_opted_out,
    remove_opt_out,
)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"file://{tmp_path}/registry"


@pytest.fixture
def unreadable(uri: str, tmp_path: Path) -> str:
    """A registry whose list is damaged."""
    add_opt_out(uri, handle="jane")
    (tmp_path / "registry" / "opt-outs.json").write_text("{")
    return uri


def test_where_there_is_no_list_nobody_opted_out(uri: str) -> None:
    refuse_opted_out(uri, account_ids=["1"], handles=["jane"])


@pytest.mark.parametrize("handle", ["Jane_Doe", "@jane_doe", " @JANE_DOE "])
def test_a_handle_is_refused_however_it_is_written(uri: str, handle: str) -> None:
    add_opt_out(uri, handle="@Jane_doe")
    with pytest.raises(BadInputError, match="@jane_doe opted out"):
        refuse_opted_out(uri, handles=["bob", handle])
    refuse_opted_out(uri, handles=["jane", "doe", ""], account_ids=[""])


def test_an_account_is_refused_by_its_id_whatever_it_is_called(uri: str) -> None:
    add_opt_out(uri, account_id="42", handle="jane")
    with pytest.raises(BadInputError, match="the account 42 opted out"):
        refuse_opted_out(uri, account_ids=["42"], handles=["renamed"])
    refuse_opted_out(uri, account_ids=["4", "jane"], handles=["42"])


def test_a_list_that_cannot_be_read_lets_nobody_pass(unreadable: str) -> None:
    with pytest.raises(BadInputError, match="cannot read who opted out"):
        refuse_opted_out(unreadable, handles=["bob"])


def test_an_earlier_copy_stands_in_for_a_list_that_cannot_be_read(uri: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "opt-outs.json"
    add_opt_out(uri, handle="jane")
    refuse_opted_out(uri, handles=["bob"], cache=cache)
    (tmp_path / "registry" / "opt-outs.json").write_text("{")
    refuse_opted_out(uri, handles=["bob"], cache=cache)
    with pytest.raises(BadInputError, match="@jane opted out"):
        refuse_opted_out(uri, handles=["jane"], cache=cache)


def test_without_an_earlier_copy_nobody_passes(unreadable: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot read who opted out"):
        refuse_opted_out(unreadable, handles=["bob"], cache=tmp_path / "none.json")


def test_a_person_is_listed_once_and_can_be_taken_off(uri: str) -> None:
    add_opt_out(uri, handle="jane", account_id="42")
    add_opt_out(uri, handle="JANE")
    assert len(read_opt_outs(uri).people) == 1
    remove_opt_out(uri, handle="@jane")
    refuse_opted_out(uri, handles=["jane"], account_ids=["42"])
    with pytest.raises(BadInputError, match="not on the list"):
        remove_opt_out(uri, handle="jane")
    with pytest.raises(BadInputError, match="name an account id or a handle"):
        add_opt_out(uri, handle="@")


def test_nobody_is_lost_when_many_opt_out_at_once(uri: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda number: add_opt_out(uri, account_id=str(number)), range(20)))
    assert sorted(int(p.account_id or 0) for p in read_opt_outs(uri).people) == list(range(20))
