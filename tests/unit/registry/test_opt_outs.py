from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.registries import refuse_opted_out, write

from components.contracts.errors import BadInputError
from components.registry import Registry
from components.registry.opt_outs import (
    add_opt_out,
    read_opt_outs,
    remove_opt_out,
)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    (tmp_path / "registry").mkdir()
    return f"file://{tmp_path}/registry"


@pytest.fixture
def unreadable(uri: str, tmp_path: Path) -> str:
    """A registry whose list is damaged."""
    add_opt_out(uri, handle="jane")
    (tmp_path / "registry" / "opt-outs.json").write_text("{")
    return uri


def test_in_an_empty_place_nobody_opted_out_yet(uri: str, caplog: pytest.LogCaptureFixture) -> None:
    refuse_opted_out(uri, account_ids=["1"], handles=["jane"])
    assert "there is no opt-outs.json" in caplog.text


def test_a_place_that_is_no_registry_lets_nobody_pass(uri: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "registry" / "pictures").mkdir()
    (tmp_path / "registry" / "pictures" / "cat.png").touch()
    for place in (f"{uri}-mistyped", f"{tmp_path}/file", uri):
        with pytest.raises(BadInputError, match="cannot read who opted out"):
            refuse_opted_out(place, handles=["jane"])
    add_opt_out(uri, handle="bob")
    refuse_opted_out(uri, handles=["jane"])


def test_a_registry_that_others_made_needs_no_list(uri: str, tmp_path: Path) -> None:
    Registry.open(uri).publish("jane", write, {})
    (tmp_path / "registry" / "opt-outs.json").unlink()
    refuse_opted_out(uri, handles=["jane"])


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


@pytest.mark.parametrize("listed", ["@Ann@Social.example", "ann.social.example"])
def test_an_address_is_the_name_of_its_posts(uri: str, listed: str) -> None:
    add_opt_out(uri, handle=listed)
    for handle in ("ann.social.example", "ann@social.example", "@Ann@social.example"):
        with pytest.raises(BadInputError, match="@ann.social.example opted out"):
            refuse_opted_out(uri, handles=[handle])
    refuse_opted_out(uri, handles=["ann", "ann@else.example"])


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


def test_a_list_that_got_lost_is_remembered_by_its_copy(uri: str, tmp_path: Path) -> None:
    cache = tmp_path / "opt-outs.json"
    add_opt_out(uri, handle="jane")
    Registry.open(uri).publish("jane", write, {})
    read_opt_outs(uri, cache=cache)
    (tmp_path / "registry" / "opt-outs.json").unlink()
    with pytest.raises(BadInputError, match="@jane opted out"):
        refuse_opted_out(uri, handles=["jane"], cache=cache)


def test_many_may_keep_the_same_copy(uri: str, tmp_path: Path) -> None:
    add_opt_out(uri, handle="jane")
    cache = tmp_path / "copy" / "opt-outs.json"
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: read_opt_outs(uri, cache=cache), range(200)))
    assert [path.name for path in cache.parent.iterdir()] == ["opt-outs.json"]


@pytest.mark.parametrize(
    ("lineage", "listed", "refused"),
    [
        ({"collect": {"ann": {"account_id": "42"}}}, {"handle": "ann"}, True),
        ({"collect": {"ann": {"account_id": "42"}}}, {"account_id": "42"}, True),
        ({"consent": {"ann": "own-archive"}}, {"handle": "ann"}, True),
        ({"consent": {"ann": "own-archive"}}, {"handle": "jane"}, False),
        ({}, {"handle": "jane"}, True),
        ({"collect": "odd"}, {"handle": "bob"}, False),
    ],
)
def test_a_model_of_somebody_who_opted_out_is_not_handed_out(
    uri: str, tmp_path: Path, lineage: dict[str, Any], listed: dict[str, str], refused: bool
) -> None:
    registry = Registry.open(uri)
    registry.publish("jane", write, lineage)
    add_opt_out(uri, **listed)
    if refused:
        with pytest.raises(BadInputError, match="opted out"):
            registry.download("jane", 1, tmp_path / "model")
    else:
        registry.download("jane", 1, tmp_path / "model")
    assert (tmp_path / "model").exists() is not refused


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
