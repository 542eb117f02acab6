"""What the audit log promises to many at once and to those who are killed, on every store."""

import itertools
import signal

import pytest
from support.registries import promote, promote_and_die, publish, run_all, start, write

from components.registry import Registry
from components.registry.layout import AUDIT_HEAD


@pytest.mark.parametrize("writers", [2, 12])
def test_of_many_who_write_at_once_no_entry_is_lost(store_uri: str, writers: int) -> None:
    registry = Registry.open(store_uri)
    registry.publish("jane", write, {})
    tasks = [(promote, store_uri, 1)] * writers
    assert run_all([*tasks, (publish, store_uri)]) == [0] * (writers + 1)
    chain = registry.audit()
    assert chain.problems == ()
    assert len(chain.entries) == 2 * (writers + 2)
    assert chain.head.count == len(chain.entries)
    assert f'"count": {len(chain.entries)}' in registry.store.get(AUDIT_HEAD).data.decode()
    alias = registry.alias("jane", "production")
    assert alias is not None
    promoted = {entry.id for entry in chain.entries if entry.action == "promote"}
    assert promoted == {move.id for move in alias.history}


@pytest.mark.parametrize("after", [False, True])
def test_whoever_is_killed_the_chain_holds_and_tells_of_every_move(
    store_uri: str, after: bool
) -> None:
    registry = Registry.open(store_uri)
    registry.publish("jane", write, {})
    for die_at in itertools.count():
        process = start(promote_and_die, store_uri, 1, die_at, after)
        process.join()
        chain = registry.audit()
        assert chain.problems == ()
        alias = registry.alias("jane", "production")
        moves = {move.id for move in alias.history} if alias else set()
        begun = {entry.id for entry in chain.entries if entry.stage == "begun"}
        done = {entry.id for entry in chain.entries if entry.stage == "done"}
        assert moves <= begun
        assert {e.id for e in chain.entries if e.action == "promote"} & done <= moves
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        registry.move_alias("jane", "production", 1)  # whom the dead one does not hold up
    assert die_at == 5  # entry, head, alias, entry, head
    assert registry.verify() == []
