from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.contracts.base import write_rows
from components.contracts.errors import BadInputError
from components.contracts.evaluation import Condition
from components.contracts.posts import Post
from components.contracts.refresh import NewPosts, RefreshReport
from components.contracts.reports import CollectCounts, CollectReport
from components.evaluate.rules import BEATS_PRODUCTION
from components.registry import Registry
from components.registry.refreshes import keep_refresh, read_refresh, refreshes
from components.storage import open_store
from pipelines.local.production import bring_into_production
from pipelines.refresh.lineage import Origin, newest_seen
from pipelines.refresh.refreshing import count_new, is_better

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def collected(source: str, **more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "author": "ann",
        "source": source,
        "consent": "fictional",
        "input_sha256": "0",
        "counts": CollectCounts(downloaded=9, reposts=0, replies=0, quotes=0),
        "oldest": NOW,
        "newest": NOW,
    }
    return CollectReport(**{**facts, **more}).model_dump(mode="json")


def registry_with(folder: Path, **lineage: object) -> Registry:
    registry = Registry.open(str(folder / "registry")).begin()
    write = lambda version, place: (place / "model").write_text("x")  # noqa: E731
    registry.publish("ann", write, lineage)  # type: ignore[arg-type]
    return registry


def origin_of(folder: Path, **lineage: object) -> Origin:
    return Origin.of(registry_with(folder, **lineage), "ann")


def test_accounts_are_asked_again_as_the_version_tells(tmp_path: Path) -> None:
    origin = origin_of(
        tmp_path,
        collect={
            "ann": collected("bluesky:ann.bsky.social"),
            "ann/2": collected("mastodon:ann@example.social", consent="own-archive"),
            "ann/3": collected("x-api:ann", terms="by contract 7"),
        },
    )
    sources = origin.sources("s3://b/registry", {}, {})
    assert [one.flag for one in sources] == ["bluesky", "mastodon", "handle"]
    assert [one.consent for one in sources] == ["fictional", "own-archive", "fictional"]
    assert sources[2].flags()["accept_x_terms"] == "by contract 7"
    with pytest.raises(BadInputError, match="--consent: ann@1 states fictional, own-archive"):
        origin.consent()


@pytest.mark.parametrize(
    ("source", "flag"),
    [("x-archive:me.zip", "--archive"), ("table:me.csv", "--table"), ("odd", "--archive")],
)
def test_a_file_has_to_be_named_again(tmp_path: Path, source: str, flag: str) -> None:
    origin = origin_of(tmp_path, collect={"ann": collected(source)})
    with pytest.raises(BadInputError, match=f"give it with {flag} FILE$"):
        origin.sources("r", {}, {})


def test_a_version_without_a_lineage_says_so(tmp_path: Path) -> None:
    origin = origin_of(tmp_path)
    with pytest.raises(BadInputError, match="ann@1 does not say what it was made from"):
        origin.sources("r", {}, {})
    with pytest.raises(BadInputError, match="--consent: ann@1 states none"):
        origin.consent()
    assert origin.options() == {}
    assert "in a folder" in origin.missing_base_model()


def test_nobody_is_refreshed_who_is_not_there(tmp_path: Path) -> None:
    registry = Registry.open(str(tmp_path)).begin()
    with pytest.raises(BadInputError, match="there is no persona bob"):
        Origin.of(registry, "bob")


def test_what_was_chosen_is_chosen_again(tmp_path: Path) -> None:
    used = {
        "method": "lora",
        "publish": "adapter",
        "epochs": 3.0,
        "learning_rate": 0.002,
        "lora_rank": 4,
    }
    train = {"hyperparameters": used, "asked": ["epochs"], "seed": 5, "asked_dtype": "fp32"}
    fetch = {"asked": "openai-community/gpt2@main", "source": "hub", "id": "openai-community/gpt2"}
    evaluate = {"samples": 20, "prompts": ["Rain"], "sampling": {"max_tokens": 9, "top_p": 0.9}}
    options = origin_of(tmp_path, train=train, fetch=fetch, evaluate=evaluate).options()
    assert options == {
        "base_model": "openai-community/gpt2@main",
        "method": "lora",
        "publish": "adapter",
        "epochs": 3.0,
        "lora_rank": 4,
        "seed": 5,
        "dtype": "fp32",
        "samples": 20,
        "prompts": ["Rain"],
        "max_tokens": 9,
        "top_p": 0.9,
    }


def test_what_suited_the_method_alone_is_left_open_in_versions_that_do_not_say(
    tmp_path: Path,
) -> None:
    used = {"method": "full", "epochs": 1.0, "learning_rate": 2e-4}
    assert origin_of(tmp_path, train={"hyperparameters": used}).options() == {"method": "full"}


def test_a_lineage_of_another_program_is_no_crash(tmp_path: Path) -> None:
    odd = {"collect": {"ann": {"x": 1}}, "fetch": {"asked": 7}, "train": {"hyperparameters": [1]}}
    origin = origin_of(tmp_path, **odd, evaluate={"sampling": "hot", "prompts": None})
    assert origin.options() == {}
    assert origin.newest() == {}


def raw_dataset(folder: Path, posts: int, *, author: str = "ann", kind: str = "original") -> Path:
    folder.mkdir()
    at = [NOW.replace(day=day + 1) for day in range(posts)]
    rows = [
        Post(id=str(number), author=author, created_at=when, text="x", kind=kind)  # type: ignore[arg-type]
        for number, when in enumerate(at)
    ]
    write_rows(folder / "posts.jsonl", rows)
    report = CollectReport.model_validate(collected("table:x.csv", author=author))
    report.write(folder / "collect.json")
    return folder


def test_new_is_what_is_newer_than_all_that_was_seen(tmp_path: Path) -> None:
    raw = [raw_dataset(tmp_path / "ann", 9), raw_dataset(tmp_path / "ann-2", 10)]
    raw.append(raw_dataset(tmp_path / "bob", 3, author="bob"))
    raw.append(raw_dataset(tmp_path / "cyd", 5, author="cyd", kind="repost"))
    counted = {one.author: one.posts for one in count_new(raw, {"ann": NOW.replace(day=4)})}
    assert counted == {"ann": 6, "bob": 3, "cyd": 0}


def report_of(outcome: str, day: int) -> RefreshReport:
    new = (NewPosts(author="Ann", posts=3, newest=NOW.replace(day=day)),)
    return RefreshReport(
        persona="ann",
        number=0,
        at=NOW,
        outcome=outcome,
        sentence="",
        asked_new=1,
        new_posts=new,  # type: ignore[arg-type]
    )


def test_a_version_whose_refresh_was_killed_is_not_yet_what_is_known(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, collect={"ann": collected("table:x.csv")})
    write = lambda version, place: (place / "model").write_text("y")  # noqa: E731
    later = {"collect": {"ann": collected("table:x.csv", newest=NOW.replace(day=9))}}
    registry.publish("ann", write, later, job="refresh 0")  # type: ignore[arg-type]
    assert Origin.of(registry, "ann").name == "ann@1", "so its posts are new once more"
    keep_refresh(registry.store, report_of("promoted", 9).model_copy(update={"version": 2}))
    assert Origin.of(registry, "ann").name == "ann@2"


def test_what_a_challenger_knew_is_not_new_again(tmp_path: Path) -> None:
    registry = registry_with(tmp_path, collect={"ann": collected("table:x.csv")})
    origin = Origin.of(registry, "ann")
    assert newest_seen(registry, origin) == {"ann": NOW}
    keep_refresh(registry.store, report_of("kept", 5))
    keep_refresh(registry.store, report_of("too-little-new", 9))
    assert newest_seen(registry, origin) == {"ann": NOW.replace(day=5)}


def test_reports_are_numbered_and_never_written_over(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    kept = [keep_refresh(store, report_of("kept", day)) for day in range(1, 12)]
    assert [one.number for one in kept] == list(range(1, 12)) == refreshes(store, "ann")
    assert read_refresh(store, "ann", 11) == kept[-1]
    with pytest.raises(BadInputError, match="no refresh 12"):
        read_refresh(store, "ann", 12)


def condition(name: str, passed: bool | None) -> Condition:
    return Condition(name=name, passed=passed, value=None, bound=None, sentence="")


@pytest.mark.parametrize(
    ("beats", "other", "has_champion", "better"),
    [
        (True, True, True, True),
        (False, True, True, False),
        (None, True, True, False),
        (None, True, False, True),
        (True, False, True, False),
        (None, False, False, False),
        (True, None, True, True),
    ],
)
def test_only_the_better_is_promoted(
    beats: bool | None, other: bool | None, has_champion: bool, better: bool
) -> None:
    deciding = [condition(BEATS_PRODUCTION.name, beats), condition("other", other)]
    assert is_better(deciding, has_champion=has_champion) is better


def test_production_that_somebody_moved_on_meanwhile_stays(tmp_path: Path) -> None:
    registry = registry_with(tmp_path)
    for _ in range(2):
        registry_with(tmp_path)
    challenger = registry.manifest("ann", 3)
    registry.move_alias("ann", "production", 2)
    said = bring_into_production(registry, challenger, 1, pods=False)
    assert said is not None
    assert "moved production to version 2" in said
    assert bring_into_production(registry, challenger, 2, pods=False) is None
    assert bring_into_production(registry, challenger, 2, pods=False) is None, "as it is again"
    alias = registry.alias("ann", "production")
    assert alias is not None
    assert [move.version for move in alias.history] == [2, 3]
