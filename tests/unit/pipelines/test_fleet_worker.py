from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError, HuggingtweetsError, UnreachableError
from components.contracts.fleet import FleetItem, FleetList
from components.contracts.registry import Manifest
from components.registry import Registry
from components.registry.fleets import FleetBook, the_only_fleet
from pipelines.fleet.manifest import Entry, read_fleet_manifest
from pipelines.fleet.shards import shard_of, shards_for
from pipelines.fleet.worker import MOST_STARTS, OvertakenError, Worker

LINE = '{{"persona": "{}", "consent": "fictional", "sources": [{{"table": "{}.csv"}}]}}\n'
NAMES = ("ann", "bob", "cyd")


class Shop:
    """A fleet whose personas are published without being trained, each as the test says."""

    def __init__(self, folder: Path) -> None:
        self.uri = str(folder / "registry")
        (folder / "list.jsonl").write_text("".join(LINE.format(name, name) for name in NAMES))
        self.manifest = read_fleet_manifest(str(folder / "list.jsonl"), self.uri, {}, {})
        self.book = FleetBook(self.uri, "friends")
        self.registry = Registry.open(self.uri).begin()
        self.made: list[str] = []
        self.errors: dict[str, list[BaseException]] = {}
        self.overtaken_at = ""

    def make(self, entry: Entry) -> Manifest:
        self.made.append(entry.persona)
        if waiting := self.errors.get(entry.persona):
            raise waiting.pop(0)
        if entry.persona == self.overtaken_at:
            self.overtaken_at = ""
            self.worker().run(self.manifest.entries)
        job = f"friends {entry.line_sha256}"
        write = lambda version, folder: (folder / "model").write_text(f"{version}")  # noqa: E731
        return self.registry.publish(entry.persona, write, {}, job=job)  # type: ignore[arg-type]

    def worker(self, **more: bool) -> Worker:
        return Worker(self.book, self.make, pause=0.0, **more)

    def run(self, **more: bool) -> dict[str, int]:
        return dict(self.worker(**more).run(self.manifest.entries))

    def item(self, persona: str) -> FleetItem:
        stored = self.book.item(persona)
        assert stored is not None
        return stored.item


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_every_persona_is_made_once_however_often_a_worker_comes(shop: Shop) -> None:
    assert shop.run() == {"published": 3}
    assert shop.run() == {"published": 3}
    assert shop.made == list(NAMES)
    assert [shop.registry.versions(name) for name in NAMES] == [[1]] * 3


def test_one_that_fails_does_not_sink_the_rest(shop: Shop) -> None:
    shop.errors["bob"] = [BadInputError("too few posts")]
    assert shop.run() == {"published": 2, "failed": 1}
    assert shop.made == list(NAMES), "bad input is not tried again"
    assert shop.item("bob").problem == "too few posts"
    assert shop.run() == {"published": 2, "failed": 1}
    assert shop.run(retry_failed=True) == {"published": 3}


def test_what_may_work_in_a_moment_is_tried_again(shop: Shop) -> None:
    shop.errors["ann"] = [UnreachableError("nobody answers")] * 2
    shop.errors["bob"] = [UnreachableError("nobody answers")] * 9
    shop.errors["cyd"] = [ZeroDivisionError("a fault")] * 2
    assert shop.run() == {"published": 2, "failed": 1}
    assert [shop.item(name).tries for name in NAMES] == [3, 3, 3]


@pytest.mark.parametrize("killed_at", NAMES)
def test_a_killed_worker_is_gone_on_with(shop: Shop, killed_at: str) -> None:
    shop.errors[killed_at] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        shop.run()
    assert shop.item(killed_at).state == "running"
    assert shop.run() == {"published": 3}
    assert sorted(shop.made) == sorted([*NAMES, killed_at])
    assert shop.item(killed_at).starts == 2


def test_what_kills_every_worker_is_given_up_and_comes_last(shop: Shop) -> None:
    shop.errors["ann"] = [KeyboardInterrupt()] * (MOST_STARTS + 1)
    for _ in range(MOST_STARTS):
        with pytest.raises(KeyboardInterrupt):
            shop.run()
    assert shop.made[:4] == ["ann", "bob", "cyd", "ann"]
    assert shop.run() == {"published": 2, "failed": 1}
    assert "were killed" in (shop.item("ann").problem or "")


def test_of_two_workers_at_one_persona_the_later_goes_on_and_nothing_is_published_twice(
    shop: Shop,
) -> None:
    shop.overtaken_at = "bob"
    with pytest.raises(OvertakenError, match="bob"):
        shop.run()
    assert [shop.registry.versions(name) for name in NAMES] == [[1]] * 3
    assert all(shop.item(name).state == "published" for name in NAMES)


def test_a_changed_line_is_another_order(shop: Shop, tmp_path: Path) -> None:
    shop.run()
    text = (tmp_path / "list.jsonl").read_text().replace("bob.csv", "bob-2.csv")
    (tmp_path / "list.jsonl").write_text(text)
    shop.manifest = read_fleet_manifest(str(tmp_path / "list.jsonl"), shop.uri, {}, {})
    assert shop.run() == {"published": 3}
    assert [shop.registry.versions(name) for name in NAMES] == [[1], [1, 2], [1]]


def test_a_full_disk_ends_the_worker_and_loses_nothing(shop: Shop) -> None:
    shop.errors["bob"] = [OSError(28, "No space left on device")]
    with pytest.raises(OSError, match="No space"):
        shop.run()
    assert shop.run() == {"published": 3}


def test_a_store_that_is_away_ends_the_worker(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    away = HuggingtweetsError("nobody answers")

    def refuse(*_: object) -> None:
        raise away

    monkeypatch.setattr(shop.book, "write", refuse)
    with pytest.raises(HuggingtweetsError, match="nobody answers"):
        shop.run()
    assert shop.made == []


def test_a_fleet_is_no_persona_and_harms_no_registry(shop: Shop) -> None:
    listed = FleetList(
        fleet="friends",
        manifest="list.jsonl",
        manifest_sha256=shop.manifest.sha256,
        shards=1,
        items=tuple(entry.listed for entry in shop.manifest.entries),
    )
    shop.book.begin(listed)
    shop.book.begin(listed)
    shop.run()
    assert shop.book.listed() == listed
    assert shop.registry.personas() == list(NAMES)
    assert shop.registry.verify() == []
    assert shop.registry.gc(keep=1, older_than=0) == []
    assert all(shop.book.items(listed))
    assert the_only_fleet(shop.uri) == "friends"
    FleetBook(shop.uri, "others").begin(listed)
    with pytest.raises(BadInputError, match="there are friends, others"):
        the_only_fleet(shop.uri)
    with pytest.raises(BadInputError, match="there is no fleet family .*; there is friends"):
        FleetBook(shop.uri, "family").listed()


def test_of_two_who_write_at_once_one_notices(shop: Shop) -> None:
    now = datetime.now(UTC)
    item = FleetItem(persona="ann", line_sha256="0", state="running", worker="a", began=now)
    stored = shop.book.write(item, None)
    assert shop.book.write(item, None) == stored, "an answer that got lost"
    with pytest.raises(HuggingtweetsError):
        shop.book.write(item.model_copy(update={"worker": "b"}), None)


@pytest.mark.parametrize(
    ("items", "shards"), [(1, 1), (9, 9), (10, 10), (200, 10), (201, 11), (500, 25), (9000, 25)]
)
def test_a_fleet_has_10_to_25_shards_and_none_is_empty(items: int, shards: int) -> None:
    assert shards_for(items) == shards
    dealt = [shard_of(range(items), number, shards) for number in range(1, shards + 1)]
    assert sorted(one for shard in dealt for one in shard) == list(range(items))
    assert all(dealt)


def test_shards_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadInputError, match="--shards: 26"):
        shards_for(500, 26)
    with pytest.raises(BadInputError, match="--shard: 11"):
        shard_of(range(10), 11, 10)
    assert shards_for(3, 10) == 3
