import base64
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from support.registries import write

from components.contracts.audit import AuditEntry, AuditHead
from components.contracts.errors import BadInputError
from components.registry import Registry, opt_outs
from components.registry.audit.actor import actor_of
from components.registry.layout import audit_key
from components.storage import StorageError

LONG_AGO = 1_000_000_000


@pytest.fixture(autouse=True)
def actor(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HUGGINGTWEETS_ACTOR", "ann")
    return "ann"


@pytest.fixture
def told(registry: Registry) -> Registry:
    """A registry in which this and that was done: seven actions, fourteen entries."""
    registry.publish("jane", write, {})
    registry.publish("jane", write, {})
    registry.move_alias("jane", "production", 1)
    registry.move_alias("jane", "production", 2)
    registry.rollback("jane", "production")
    opt_outs.add_opt_out(registry.store.uri, handle="@bob")
    registry.gc()
    return registry


def entries(registry: Registry) -> tuple[AuditEntry, ...]:
    chain = registry.audit()
    assert chain.problems == ()
    return chain.entries


def test_every_change_stands_in_the_log_before_and_after_it(told: Registry) -> None:
    log = entries(told)
    assert [entry.number for entry in log] == list(range(1, 15))
    assert [entry.stage for entry in log] == ["begun", "done"] * 7
    assert [(entry.action, entry.version) for entry in log[1::2]] == [
        ("publish", 1),
        ("publish", 2),
        ("promote", 1),
        ("promote", 2),
        ("rollback", 1),
        ("opt-out", None),
        ("gc", None),
    ]
    assert {entry.actor for entry in log} == {"ann"}
    assert all(one.id == other.id for one, other in zip(log[::2], log[1::2], strict=True))
    assert told.verify() == []


def test_an_entry_is_told_apart_by_the_id_that_the_document_has(told: Registry) -> None:
    log = entries(told)
    alias = told.alias("jane", "production")
    assert alias is not None
    assert [move.id for move in alias.history] == [log[number].id for number in (4, 6, 8)]
    assert told.manifest("jane", 2).upload == log[2].id


def test_the_log_names_nobody_who_opted_out(told: Registry, place: Path) -> None:
    opt_outs.remove_opt_out(str(place), handle="bob", actor="eve")
    last = entries(told)[-1]
    assert (last.action, last.actor, last.details["people"]) == ("opt-in", "eve", 0)
    assert not any("bob" in path.read_text() for path in (place / ".audit").rglob("*.json"))


def test_what_changes_nothing_leaves_no_entry(told: Registry, place: Path) -> None:
    before = entries(told)
    opt_outs.add_opt_out(str(place), handle="bob")
    with pytest.raises(BadInputError):
        told.move_alias("jane", "production", 9)
    with pytest.raises(BadInputError):
        told.rollback("jane", "candidate")
    with pytest.raises(BadInputError):
        opt_outs.remove_opt_out(str(place), handle="carl")
    with pytest.raises(BadInputError):
        told.publish("jane", lambda version, folder: None, {})
    stale = told.alias("jane", "production")
    assert stale is not None
    told.move_alias("jane", "production", 2)
    assert not told.undo_move("jane", "production", stale)
    assert len(entries(told)) == len(before) + 2


def test_a_move_that_is_undone_stands_in_the_log(registry: Registry) -> None:
    registry.publish("jane", write, {})
    moved = registry.move_alias("jane", "candidate", 1)
    assert registry.undo_move("jane", "candidate", moved)
    last = entries(registry)[-1]
    assert (last.action, last.stage, last.version) == ("undo", "done", 0)


def test_what_others_do_is_recorded_with_what_came_of_it(told: Registry) -> None:
    with told.recorded("push", "jane", 2, to="ann/jane") as record:
        record.add(commit="0123abc")
    done = entries(told)[-1]
    assert (done.action, done.persona, done.version, done.stage) == ("push", "jane", 2, "done")
    assert done.details == {"to": "ann/jane", "commit": "0123abc"}


def test_an_action_that_fails_says_why_in_our_own_words_alone(told: Registry) -> None:
    with pytest.raises(BadInputError), told.recorded("push", "jane", 2):
        raise BadInputError("the Hub has\nmoved on")
    with pytest.raises(ValueError, match="hf_"), told.recorded("push", "jane", 2):
        raise ValueError("hf_secret")
    log = entries(told)
    assert [entry.stage for entry in log[-4:]] == ["begun", "failed"] * 2
    assert log[-3].details == {"why": "the Hub has moved on"}
    assert log[-1].details == {"why": "ValueError"}


def test_where_the_log_cannot_be_written_nothing_changes(
    told: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = told.store.create

    def refuse(key: str, data: bytes) -> str:
        if key.startswith(".audit/"):
            raise StorageError("no permission")
        return create(key, data)

    monkeypatch.setattr(told.store, "create", refuse)
    with pytest.raises(StorageError, match="no permission"):
        told.move_alias("jane", "production", 2)
    with pytest.raises(StorageError, match="no permission"):
        told.publish("jane", write, {})
    monkeypatch.undo()
    alias = told.alias("jane", "production")
    assert alias is not None
    assert alias.version == 1
    assert told.versions("jane") == [1, 2]


def test_an_end_that_cannot_be_written_is_not_known(
    told: Registry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(key: str, data: bytes) -> str:
        raise StorageError("no network")

    with told.recorded("push", "jane", 2):
        monkeypatch.setattr(told.store, "create", fail)
    monkeypatch.undo()
    assert "does not say how push ended: no network" in caplog.text
    assert entries(told)[-1].stage == "begun"


def test_a_writer_killed_before_it_moved_the_head_holds_nobody_up(
    told: Registry, place: Path
) -> None:
    head = place / ".audit" / "head.json"
    before = head.read_text()
    told.move_alias("jane", "production", 2)
    head.write_text(before)
    assert len(entries(told)) == 16
    assert len(entries(Registry.open(str(place)))) == 16
    Registry.open(str(place)).move_alias("jane", "production", 1)
    assert len(entries(told)) == 18
    assert json.loads(head.read_text())["count"] == 18


def changed(place: Path, number: int) -> None:
    path = place / audit_key(number)
    path.write_text(path.read_text().replace('"ann"', '"eve"'))


def removed(place: Path, *numbers: int) -> None:
    for number in numbers:
        (place / audit_key(number)).unlink()


def swapped(place: Path) -> None:
    one, other = (place / audit_key(number) for number in (3, 5))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda place: changed(place, 1), "000000001.json is not what entry 2 says it was"),
        (lambda place: changed(place, 7), "000000007.json is not what entry 8 says it was"),
        (lambda place: changed(place, 14), "000000014.json is not what .audit/head.json says"),
        (lambda place: removed(place, 1), "000000001.json is missing"),
        (lambda place: removed(place, 14), "000000014.json is missing"),
        (lambda place: removed(place, 13, 14), "000000014.json are missing"),
        (lambda place: removed(place, *range(1, 15)), "000000014.json are missing"),
        (lambda place: (place / ".audit/head.json").unlink(), "head.json is missing"),
        (lambda place: (place / ".audit/head.json").write_text("{"), "head.json in"),
        (lambda place: (place / audit_key(2)).write_text("{}"), "000000002.json in"),
        (lambda place: (place / audit_key(16)).write_text("{}"), "000000016.json was added"),
        (lambda place: (place / audit_key(10**17)).write_text("{}"), "was added"),
        (lambda place: (place / ".audit/entries/15.json").write_text("{}"), "15.json was added"),
        (lambda place: (place / ".audit/x").touch(), ".audit/x was added"),
        (swapped, "000000003.json says that it is entry 5"),
        (
            lambda place: (place / ".audit/head.json").write_text(
                AuditHead(count=10**17, sha256="").to_json()
            ),
            "000000015.json and all up to .audit/entries/100000000000000000.json are missing",
        ),
    ],
)
def test_whatever_is_changed_lost_or_added_is_named(
    told: Registry, place: Path, harm: Any, sentence: str
) -> None:
    harm(place)
    problems = told.audit().problems
    assert any(sentence in problem for problem in problems), problems
    assert set(problems) <= set(told.verify())


def test_a_whole_new_chain_is_known_by_what_was_noted(told: Registry, place: Path) -> None:
    noted = told.audit().head
    told.move_alias("jane", "production", 2)
    assert told.audit(noted).problems == ()
    for path in (place / ".audit").rglob("*.json"):
        path.unlink()
    told = Registry.open(str(place))
    told.gc()
    assert told.audit().problems == ()
    assert any("which was noted, is missing" in problem for problem in told.audit(noted).problems)
    for _ in range(7):
        told.gc()
    assert any("is not the entry that was noted" in one for one in told.audit(noted).problems)


def test_with_its_head_lost_the_log_takes_no_entry(told: Registry, place: Path) -> None:
    (place / ".audit/head.json").unlink()
    with pytest.raises(BadInputError, match="head.json in .* is missing"):
        Registry.open(str(place)).move_alias("jane", "production", 2)


def test_garbage_collection_leaves_the_log_alone(told: Registry, place: Path) -> None:
    for path in (place / ".audit").rglob("*.json"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    assert told.gc(keep=1, older_than=-1) == []
    assert [entry.action for entry in entries(told)[-2:]] == ["gc", "gc"]


def test_the_log_is_nobody(told: Registry) -> None:
    assert told.personas() == ["jane"]
    with pytest.raises(BadInputError, match="cannot name a persona"):
        told.versions(".audit")


def test_a_registry_without_a_log_is_whole(registry: Registry) -> None:
    assert registry.begin().audit().entries == ()
    assert registry.verify() == []


def token_of(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.signature"


def test_who_acts_is_the_operator_else_the_service_account_else_the_user(tmp_path: Path) -> None:
    token = tmp_path / "token"
    assert "@" in actor_of({}, token)
    token.write_text(token_of({"sub": "system:serviceaccount:kubeflow:pipeline-runner"}))
    assert actor_of({}, token) == "system:serviceaccount:kubeflow:pipeline-runner"
    assert actor_of({"HUGGINGTWEETS_ACTOR": " Ann Müller "}, token) == "Ann Müller"


@pytest.mark.parametrize(
    "content", ["", "x", "a.b.c", "a.ä.c", token_of([]), token_of({"sub": "a\nb"}), token_of({})]
)
def test_a_token_that_names_nobody_is_passed_over(content: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(content, encoding="utf-8")
    assert actor_of({}, token) == actor_of({}, tmp_path / "none")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "x" * 201])
def test_an_operator_who_cannot_stand_in_the_log_is_refused(
    name: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.publish("jane", write, {})
    monkeypatch.setenv("HUGGINGTWEETS_ACTOR", name)
    with pytest.raises(BadInputError, match="cannot stand in the audit log"):
        registry.move_alias("jane", "production", 1)
    assert registry.alias("jane", "production") is None


def test_a_log_at_work_says_nothing_of_itself(
    told: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told.move_alias("jane", "production", 2)
    assert "ann" not in caplog.text
