"""Posts and authors are forgotten: in datasets, in the registry, on servers."""

import json
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.finished import make_base, make_evaluation_report, make_model
from support.forgetting import (
    KEY,
    VARIABLES,
    ids_in,
    make_raw,
    make_train,
    post_id,
    publish_from,
    text_of,
)

from components.contracts.errors import BadInputError
from components.contracts.fleet import FleetItem, FleetList, Listed
from components.contracts.forgetting import ForgetReceipt
from components.contracts.refresh import NewPosts, RefreshReport
from components.contracts.registry import PostHashes
from components.contracts.reports import BaseModelFacts, CollectReport, PrepareReport
from components.forget.config import ForgetConfig
from components.forget.receipt import page_of
from components.forget.stage import UnfinishedError, run
from components.registry import Registry
from components.registry.fleets import FleetBook
from components.registry.opt_outs import read_opt_outs
from components.registry.post_hashes import post_keys
from components.registry.refreshes import keep_refresh, refreshes
from components.runtime.digests import folder_sha256
from components.storage import StorageError
from components.storage.local import FileStore

ONE = post_id(7)


class Home:
    """A registry, and folders of datasets beside it."""

    def __init__(self, place: Path) -> None:
        self.place, self.data = place, place / "data"
        self.registry = Registry.open(str(place / "registry")).begin()
        self.raw, self.train = self.data / "raw-dataset/rosa", self.data / "train-dataset"
        self._runs = 0

    def make(self) -> "Home":
        make_raw(self.raw)
        make_train(self.train, [self.raw])
        return self

    def publish(self, **more: Any) -> int:
        return publish_from(self.registry, self.train, [self.raw], **more)

    def forget(self, variables: dict[str, str] = VARIABLES, **config: Any) -> ForgetReceipt:
        self._runs += 1
        self.receipt_out = self.place / f"receipt-{self._runs}"
        return run(
            ForgetConfig(**config),
            registry=self.registry.store.uri,
            artifacts=[str(self.data)] if self.data.is_dir() else [],
            receipt_out=self.receipt_out,
            environment=variables,
        )

    def stale(self) -> frozenset[int]:
        return self.registry.stale().of("rosa")

    def points_to(self, alias: str = "production") -> int | None:
        found = self.registry.alias("rosa", alias)
        return found.version if found else None


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def home(tmp_path: Path, keyed: None) -> Home:
    return Home(tmp_path).make()


def test_a_post_goes_from_datasets_and_its_models_are_stale(home: Home) -> None:
    assert home.publish() == 1
    home.registry.move_alias("rosa", "production", 1)
    before = home.raw.joinpath("posts.jsonl").read_bytes()
    receipt = home.forget(post_id=(ONE,))
    assert text_of("rosa", 7) not in home.raw.joinpath("posts.jsonl").read_text()
    kept = [line for line in before.splitlines(True) if f'"{ONE}"'.encode() not in line]
    assert home.raw.joinpath("posts.jsonl").read_bytes() == b"".join(kept)
    assert ONE not in ids_in(home.train)
    assert home.stale() == {1}
    assert home.points_to() is None
    assert [(one.kind, one.removed, one.outcome) for one in receipt.datasets] == [
        ("raw-dataset", 1, "cleaned"),
        ("train-dataset", 1, "cleaned"),
    ]
    assert receipt.nowhere == receipt.unknown == receipt.unreached == ()


def test_counts_stay_honest(home: Home) -> None:
    old = PrepareReport.read(home.train / "prepare.json")
    gone = tuple(map(post_id, (0, 7, 119)))
    home.forget(post_id=gone)
    collected = CollectReport.read(home.raw / "collect.json")
    rows = (home.raw / "posts.jsonl").read_text().splitlines()
    assert collected.counts.downloaded == 117 == len(rows)
    assert collected.notes["forgotten"] == 3
    assert collected.oldest is not None
    assert old.collected[0].oldest is not None
    assert collected.oldest > old.collected[0].oldest
    new = PrepareReport.read(home.train / "prepare.json")
    assert new.counts == new.per_author["rosa"]
    assert (new.counts.downloaded, new.counts.kept) == (old.counts.downloaded, old.counts.kept - 3)
    assert new.counts.other["forgotten"] == 3
    splits = (new.splits.train, new.splits.validation, new.splits.test)
    assert sum(split.posts for split in splits) == new.counts.kept == len(ids_in(home.train))
    assert "3 posts were forgotten" in new.warnings[-1]
    for folder in (home.raw, home.train):
        said = PostHashes.read(folder / "post-hashes.json")
        key = post_keys(VARIABLES)[0]
        assert key.hash(post_id(8)) in said.posts
        assert not {key.hash(one) for one in gone} & set(said.posts)


def test_models_are_found_by_their_hashes_without_any_dataset(home: Home) -> None:
    home.publish()
    make_raw(home.place / "other/rosa", first=500)
    make_train(home.place / "other/train", [home.place / "other/rosa"])
    publish_from(home.registry, home.place / "other/train", [home.raw])
    for folder in (home.data, home.place / "other"):
        shutil.rmtree(folder)
    receipt = home.forget(post_id=(ONE,))
    assert [(one.version, one.by) for one in receipt.versions] == [(1, "posts")]
    assert home.stale() == {1}


def test_production_moves_to_the_newest_version_that_is_not_stale(home: Home) -> None:
    make_raw(home.place / "clean/rosa", first=500)
    clean = make_train(home.place / "clean/train", [home.place / "clean/rosa"])
    for train in (clean, clean, home.train, home.train):
        publish_from(home.registry, train, [home.raw])
    home.registry.move_alias("rosa", "production", 3)
    home.registry.move_alias("rosa", "candidate", 4)
    receipt = home.forget(post_id=(ONE,))
    assert home.stale() == {3, 4}
    assert (home.points_to(), home.points_to("candidate"), home.points_to("latest")) == (2, None, 2)
    assert {(one.alias, one.was, one.now) for one in receipt.aliases} == {
        *(("production", 3, 2), ("candidate", 4, None), ("latest", 4, 2)),
    }
    assert home.registry.verify() == []
    with pytest.raises(BadInputError, match="version 4 of rosa is stale"):
        home.registry.move_alias("rosa", "production", 4)
    with pytest.raises(BadInputError, match="nowhere to go back to"):
        home.registry.rollback("rosa", "production")
    with pytest.raises(BadInputError, match="is stale"):
        home.registry.download("rosa", 3, home.place / "model")


def test_the_next_version_of_cleaned_data_comes_into_production(home: Home) -> None:
    home.publish()
    home.registry.move_alias("rosa", "production", 1)
    home.forget(post_id=(ONE,))
    assert home.points_to("latest") is None
    assert home.publish() == 2
    home.registry.move_alias("rosa", "production", 2)
    assert (home.points_to(), home.points_to("latest")) == (2, 2)
    again = home.forget(post_id=(ONE,))
    assert home.stale() == {1}
    assert (home.points_to(), again.aliases, again.datasets) == (2, (), ())


def test_an_author_goes_whole(home: Home) -> None:
    make_raw(home.data / "raw-dataset/otto", "otto", first=5000)
    mixed = make_train(home.data / "mixed", [home.raw, home.data / "raw-dataset/otto"])
    both = [home.raw, home.data / "raw-dataset/otto"]
    home.publish()
    publish_from(home.registry, mixed, both, "otto-rosa")
    publish_from(home.registry, mixed, both[1:], "otto")
    receipt = home.forget(author=("@Rosa",))
    assert not home.raw.joinpath("collect.json").exists()
    assert not list(home.raw.glob("*"))
    assert not list(home.train.glob("*"))
    report = PrepareReport.read(mixed / "prepare.json")
    assert report.persona_authors == ("otto",)
    assert [one.author for one in report.collected] == ["otto"]
    assert report.counts == report.per_author["otto"]
    assert "rosa" not in (mixed / "train.jsonl").read_text() + report.to_json()
    assert {(one.persona, one.by) for one in receipt.versions} == {
        *(("rosa", "author"), ("otto-rosa", "author")),
    }
    assert home.registry.stale().of("otto") == frozenset()
    assert {one.outcome for one in receipt.datasets} == {"deleted", "cleaned"}


def test_posts_of_an_author_alone(home: Home) -> None:
    make_raw(home.data / "raw-dataset/otto", "otto")
    receipt = home.forget(post_id=(ONE,), author=("otto",))
    assert ONE in (home.raw / "posts.jsonl").read_text()
    assert ONE not in (home.data / "raw-dataset/otto/posts.jsonl").read_text()
    assert [one.removed for one in receipt.datasets] == [1]


def test_forgetting_an_author_may_put_them_on_the_list_of_opt_outs(home: Home) -> None:
    receipt = home.forget(author=("rosa",), account_id=("77",), opt_out=True)
    listed = read_opt_outs(home.registry.store.uri).people
    assert {(one.handle, one.account_id) for one in listed} == {("rosa", None), (None, "77")}
    assert receipt.opted_out == ("@rosa", "account 77")
    assert receipt.nowhere == ("77",)


def test_what_is_found_nowhere_is_said(home: Home) -> None:
    home.publish()
    receipt = home.forget(post_id=("42", ONE))
    assert receipt.nowhere == (post_keys(VARIABLES)[0].hash("42"),)
    assert receipt.posts == tuple(sorted(map(post_keys(VARIABLES)[0].hash, ("42", ONE))))


def test_the_receipt_holds_no_post_and_no_plain_id(home: Home) -> None:
    home.publish()
    home.forget(post_id=(f"https://x.com/rosa/status/{ONE}?s=20",), retrain=True)
    for name in ("receipt.json", "receipt.md"):
        said = (home.receipt_out / name).read_text()
        assert ONE not in said
        assert text_of("rosa", 7)[:20] not in said
        assert KEY not in said
    receipt = ForgetReceipt.read(home.receipt_out / "receipt.json")
    assert receipt.finished_at
    assert ONE not in (home.place / "registry/stale.json").read_text()


def test_without_a_key_it_says_what_nobody_can_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUGGINGTWEETS_FORGET_KEY", raising=False)
    home = Home(tmp_path).make()
    assert not (home.raw / "post-hashes.json").exists()
    make_raw(home.place / "clean/rosa", first=500)
    clean = make_train(home.place / "clean/train", [home.place / "clean/rosa"])
    home.publish(variables={})
    publish_from(home.registry, clean, [home.raw], variables={})
    receipt = home.forget({}, post_id=(ONE,))
    assert [(one.version, one.by) for one in receipt.versions] == [(1, "dataset")]
    assert receipt.posts == ("post 1",)
    assert receipt.key_id is None
    said = " ".join(receipt.unknown)
    assert "version 2: it was published without hashes" in said
    assert "HUGGINGTWEETS_FORGET_KEY is not set" in said


def test_a_key_that_was_rotated_is_noticed_and_older_ones_may_stay(home: Home) -> None:
    home.publish()
    shutil.rmtree(home.data)
    new = "another-key-that-has-enough-characters"
    receipt = home.forget({"HUGGINGTWEETS_FORGET_KEY": new}, post_id=(ONE,))
    assert receipt.versions == ()
    assert f"under the key {post_keys(VARIABLES)[0].id}" in receipt.unknown[0]
    both = home.place / "keys"
    both.write_text(f"{new}\n{KEY}\n")
    receipt = home.forget({"HUGGINGTWEETS_FORGET_KEY_FILE": str(both)}, post_id=(ONE,))
    assert [one.version for one in receipt.versions] == [1]
    assert receipt.key_id == post_keys({"HUGGINGTWEETS_FORGET_KEY": new})[0].id


def make_copies(home: Home, authors: tuple[str, ...] = ("rosa",)) -> tuple[Path, Path]:
    """A model and an evaluation, as a run leaves them beside its dataset."""
    model, evaluation = home.data / "finetuned-model", home.data / "evaluation"
    digest = folder_sha256(home.train)
    weights = home.place / "weights"
    weights.mkdir(exist_ok=True)
    (weights / "model.safetensors").write_bytes(b"weights")
    base = make_base(home.place / f"base-{uuid.uuid4()}", weights)
    train = make_model(model, weights, home.train, base)
    train.model_copy(update={"authors": authors}).write(model / "train.json")
    evaluation.mkdir()
    judged = make_evaluation_report(passed=True).model_copy(update={"dataset_sha256": digest})
    judged.write(evaluation / "evaluation.json")
    (evaluation / "report.html").write_text(text_of("rosa", 7))
    return model, evaluation


def test_models_and_evaluations_of_earlier_runs_go_too(home: Home) -> None:
    model, evaluation = make_copies(home)
    receipt = home.forget(post_id=(ONE,))
    assert not [*model.glob("*"), *evaluation.glob("*")]
    assert {(one.kind, one.outcome) for one in receipt.copies} == {
        *(("finetuned-model", "deleted"), ("evaluation", "deleted")),
    }
    assert make_copies_again(home) == ()


def make_copies_again(home: Home) -> tuple[Any, ...]:
    """Models of the cleaned dataset stay."""
    for name in ("finetuned-model", "evaluation"):
        shutil.rmtree(home.data / name, ignore_errors=True)
    make_copies(home)
    return home.forget(post_id=(ONE,)).copies


def test_what_lies_in_a_registry_is_no_copy(home: Home) -> None:
    inside = Registry.open(str(home.data / "registry")).begin()
    model, _ = make_copies(home)

    def write(version: int, folder: Path) -> None:
        shutil.copytree(model, folder, dirs_exist_ok=True)

    inside.publish("rosa", write, {})  # type: ignore[arg-type]
    home.forget(author=("rosa",))
    assert not model.joinpath("train.json").exists()
    assert inside.verify() == []
    assert inside.store.stat("rosa/versions/1/train.json")


def test_a_short_key_is_refused(home: Home) -> None:
    with pytest.raises(BadInputError, match="at least 32 characters"):
        home.forget({"HUGGINGTWEETS_FORGET_KEY": "secret"}, post_id=(ONE,))


@pytest.mark.parametrize("whole", [False, True])
def test_a_run_cut_off_at_any_change_is_finished_by_the_next(
    tmp_path: Path, keyed: None, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    made = Home(tmp_path / "made").make()
    made.publish()
    made.registry.move_alias("rosa", "production", 1)
    asked: dict[str, Any] = {"author": ("rosa",)} if whole else {"post_id": (ONE,)}
    changes = ("put", "create", "swap", "delete")
    for at in range(100):
        home = Home(tmp_path / f"at-{at}")
        shutil.rmtree(home.place)
        shutil.copytree(made.place, home.place)
        left = [at]
        with monkeypatch.context() as patch:
            for name in changes:
                patch.setattr(FileStore, name, cut_off(getattr(FileStore, name), left))
            try:
                home.forget(**asked)
                cut = False
            except KeyboardInterrupt:
                cut = True
        if cut:
            unfinished = ForgetReceipt.read(home.receipt_out / "receipt.json")
            assert unfinished.finished_at is None
            home.forget(**asked)
        assert home.stale() == {1}
        assert home.points_to() is None
        for path in home.data.rglob("*.json*"):
            assert f'"{ONE}"' not in path.read_text(), (at, path)
        if whole:
            assert not list(home.data.rglob("*.json"))
        else:
            assert CollectReport.read(home.raw / "collect.json").counts.downloaded == 119
            assert PrepareReport.read(home.train / "prepare.json").counts.other["forgotten"] == 1
        if not cut:
            assert at > 5
            return
    raise AssertionError("it never came to its end")


def cut_off(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    """The same call, but the process is taken away once `left` calls were made."""

    def counted(*given: Any) -> Any:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return call(*given)

    return counted


def test_what_cannot_be_reached_is_said_and_the_rest_is_done(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.publish()
    swap = FileStore.swap

    def refuse(self: FileStore, key: str, data: bytes, version: str) -> str:
        if key.endswith("posts.jsonl"):
            raise StorageError("the disk is read-only")
        return swap(self, key, data, version)

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "swap", refuse)
        with pytest.raises(UnfinishedError, match="not everything could be reached"):
            home.forget(post_id=(ONE,))
    receipt = ForgetReceipt.read(home.receipt_out / "receipt.json")
    assert "read-only" in receipt.unreached[0]
    assert home.stale() == {1}
    assert ONE not in ids_in(home.train)
    again = home.forget(post_id=(ONE,))
    assert [(one.kind, one.outcome) for one in again.datasets] == [("raw-dataset", "cleaned")]
    assert again.versions[0].already


def test_a_damaged_dataset_is_named_and_left(home: Home) -> None:
    with (home.raw / "posts.jsonl").open("a") as file:
        file.write("{\n")
    with pytest.raises(UnfinishedError, match="line 121"):
        home.forget(post_id=(ONE,))


def test_pages_that_a_killed_collection_left_go_too(home: Home) -> None:
    pages = home.raw.with_name(".rosa.pages")
    pages.mkdir()
    (pages / "page-0001.json").write_text(json.dumps({"data": [text_of("rosa", 7)]}))
    home.forget(post_id=(ONE,))
    assert not list(pages.glob("*"))


def test_a_forgotten_post_is_not_collected_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.forget(post_id=(ONE,))
    uri = home.registry.store.uri
    report = CollectReport.read(make_raw(home.place / "again/rosa", registry=uri) / "collect.json")
    assert (report.counts.downloaded, report.notes["forgotten"]) == (119, 1)
    monkeypatch.delenv("HUGGINGTWEETS_FORGET_KEY")
    report = CollectReport.read(
        make_raw(home.place / "keyless/rosa", registry=uri) / "collect.json"
    )
    assert report.counts.downloaded == 120


def test_the_audit_log_names_nobody(home: Home) -> None:
    home.publish()
    home.registry.move_alias("rosa", "production", 1)
    home.forget(post_id=(ONE,), actor="the operator")
    chain = home.registry.audit()
    assert chain.problems == ()
    entries = [one for one in chain.entries if one.action in ("forget", "withdraw")]
    assert (entries[0].action, entries[0].stage) == ("forget", "begun")
    assert {one.action for one in entries} == {"forget", "withdraw"}
    assert {one.actor for one in entries if one.action == "forget"} == {"the operator"}
    done = next(one for one in entries if (one.action, one.stage) == ("forget", "done"))
    assert done.details["rows"] == 2
    assert ONE not in json.dumps([one.to_json() for one in entries])


def test_lines_to_train_anew_are_said(home: Home) -> None:
    home.publish()
    receipt = home.forget(post_id=(ONE,), retrain=True)
    lines = receipt.retrain["rosa"]
    assert lines[0] == (
        f"python -m components.prepare --dataset {home.raw} --dataset-out train-dataset"
    )
    assert any("--base-model openai-community/gpt2" in line for line in lines)
    assert lines[-1].startswith("python -m components.deploy --registry")
    assert "## To train rosa anew" in page_of(receipt)
    (train,) = [line for line in lines if "components.train" in line]
    assert "--method full" in train  # as that version was
    assert "--publish adapter" not in train


def test_an_adapter_is_trained_anew_as_one(home: Home) -> None:
    base = BaseModelFacts(id="made-up/tiny", revision=None, sha256="0" * 64)
    home.publish(base_model=base)
    (line,) = [
        one
        for one in home.forget(post_id=(ONE,), retrain=True).retrain["rosa"]
        if "components.train" in one
    ]
    assert "--method lora --publish adapter" in line


def test_a_persona_of_several_is_trained_anew_on_the_posts_of_all(home: Home) -> None:
    otto = make_raw(home.data / "raw-dataset/otto", "otto", first=5000)
    make_train(home.train, [home.raw, otto])
    publish_from(home.registry, home.train, [home.raw, otto], "both")
    for _ in range(2):
        receipt = home.forget(post_id=(ONE,), retrain=True)
        assert set(receipt.remaining["both"]) == {str(home.raw), str(otto)}
    gone = home.forget(author=("otto",), retrain=True)
    assert gone.remaining["both"] == (str(home.raw),)


def test_of_several_copies_of_a_dataset_the_newest_is_trained_on(home: Home) -> None:
    home.publish()
    newer = make_raw(home.data / "later/rosa", posts=130)
    assert home.forget(post_id=(ONE,), retrain=True).remaining["rosa"] == (str(home.raw),)
    shutil.rmtree(home.raw)
    assert home.forget(post_id=(ONE,), retrain=True).remaining["rosa"] == (str(newer),)


def test_where_it_was_pushed_is_said(home: Home) -> None:
    home.publish()
    for repository in ("rosa/voice", "rosa/voice", "rosa/other"):
        with home.registry.recorded("push", "rosa", 1, to=repository):
            pass
    assert home.forget(post_id=(ONE,)).elsewhere == (
        "rosa@1 was pushed to rosa/voice on the Hub: delete it there, or push a version over it",
        "rosa@1 was pushed to rosa/other on the Hub: delete it there, or push a version over it",
    )


def test_reports_of_refreshes_and_fleets_name_a_forgotten_author_no_more(home: Home) -> None:
    home.publish()
    store = home.registry.store
    for author in ("Rosa", "otto"):
        keep_refresh(store, a_refresh("rosa", author))
    book = a_fleet(store.uri, {"rosa": "of @Rosa 0 posts remain", "otto": "of @rosario none"})
    assert home.forget(post_id=(ONE,)).notes == 0
    receipt = home.forget(author=("rosa",))
    assert receipt.notes == 2
    assert refreshes(store, "rosa") == [2]
    problems = [item.problem for item in book.items(book.listed()) if item]
    assert problems == ["it was about an author who is forgotten since", "of @rosario none"]
    assert "2 named an author, and no more do" in page_of(receipt)


def a_refresh(persona: str, author: str) -> RefreshReport:
    return RefreshReport(
        persona=persona,
        number=0,
        at=datetime.now(UTC),
        outcome="too-little-new",
        sentence="it stays as it is",
        asked_new=50,
        new_posts=(NewPosts(author=author, posts=3, newest=None),),
    )


def a_fleet(registry: str, problems: dict[str, str]) -> FleetBook:
    """A fleet of which every persona failed."""
    book = FleetBook(registry, "everyone")
    listed = tuple(Listed(persona=name, line_sha256="0" * 64) for name in problems)
    book.begin(
        FleetList(fleet="everyone", manifest="m", manifest_sha256="0" * 64, shards=1, items=listed)
    )
    for name, problem in problems.items():
        failed = FleetItem(
            persona=name,
            line_sha256="0" * 64,
            state="failed",
            worker="w",
            problem=problem,
            began=datetime.now(UTC),
        )
        book.write(failed, None)
    return book


def test_what_a_run_elsewhere_keeps_is_said(home: Home) -> None:
    home.publish(runs={"wandb": "abc123"})
    receipt = home.forget(post_id=(ONE,))
    assert receipt.elsewhere == (
        "the wandb run abc123 made rosa@1: what it keeps of posts and weights is deleted there",
    )


@pytest.mark.parametrize(
    ("given", "post_id"),
    [
        ("139", "139"),
        ("https://x.com/rosa/status/139?s=20", "139"),
        ("https://x.com/rosa/status/139/photo/1", "139"),
        ("https://mobile.twitter.com/rosa/status/139/video/2?s=20", "139"),
        ("https://nitter.example/rosa/status/139#m", "139"),
        ("https://x.com/i/web/status/139/", "139"),
        ("https://social.example/@rosa/112", "112"),
        ("https://social.example/users/rosa/statuses/112/activity", "112"),
        ("https://bsky.app/profile/rosa.example/post/3k2a/liked-by", "3k2a"),
        ("at://did:plc:abc/app.bsky.feed.post/3k2a", "3k2a"),
        ("row-0123456789abcdef", "row-0123456789abcdef"),
    ],
)
def test_a_post_is_named_by_its_id_or_any_link_to_it(given: str, post_id: str) -> None:
    assert ForgetConfig(post_id=(given,)).post_id == (post_id,)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "say what to forget"),
        ({"post_id": (" / ",)}, "not the id of a post"),
        ({"author": ("@",)}, "is not a handle"),
        ({"post_id": ("1",), "gone": True}, "leave --post-id out"),
        ({"post_id": ("1",), "opt_out": True}, "needs an author"),
    ],
)
def test_what_cannot_be_meant_is_refused(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ForgetConfig(**config)


def test_places_that_are_not_there_change_nothing(home: Home) -> None:
    home.publish()
    given: dict[str, Any] = {"registry": home.registry.store.uri, "environment": VARIABLES}
    config = ForgetConfig(post_id=(ONE,))
    with pytest.raises(BadInputError, match="there is no folder"):
        run(config, artifacts=[str(home.place / "dta")], receipt_out=home.place / "r", **given)
    with pytest.raises(BadInputError, match="holds something already"):
        run(config, receipt_out=home.raw, **given)
    with pytest.raises(BadInputError, match="there is no registry"):
        run(config, receipt_out=home.place / "r", registry=str(home.data))
    assert home.stale() == frozenset()
    assert not (home.place / "r").exists()


def test_a_dataset_with_nothing_to_forget_is_not_touched(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.data.rglob("*") if path.is_file()}
    assert home.forget(post_id=("42",)).datasets == ()
    assert before == {path: path.read_bytes() for path in home.data.rglob("*") if path.is_file()}


def test_the_last_post_of_a_dataset_takes_it_along(home: Home) -> None:
    small = make_raw(home.data / "raw-dataset/tiny", "tiny", posts=1)
    receipt = home.forget(post_id=(post_id(0),), author=("tiny",))
    assert not (small / "collect.json").exists()
    assert [one.outcome for one in receipt.datasets] == ["deleted"]


def test_a_dataset_that_is_changed_meanwhile_is_read_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_given: Any) -> None:
        make_raw(home.raw, first=3)

    monkeypatch.setattr("components.forget.stage.mark", meanwhile)
    home.forget(post_id=(ONE,))
    rows = (home.raw / "posts.jsonl").read_text()
    assert post_id(122) in rows
    assert ONE not in rows
    assert CollectReport.read(home.raw / "collect.json").counts.downloaded == 119
