import os
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.raw_datasets import START, make_post, make_posts, write_raw_dataset
from support.real_tables import TABLES, read_table

from components.contracts.artifacts import COLLECT_REPORT, POSTS, PREPARE_REPORT, SPLITS, split_file
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import DatasetRow, Post
from components.contracts.reports import PostCounts, PrepareReport
from components.prepare.__main__ import main
from components.prepare.config import PrepareConfig
from components.prepare.stage import run

REPOSITORY = Path(__file__).parents[3]
DEFAULT = PrepareConfig()
CLASSIC = PrepareConfig(preset="classic")
WORDS = [
    a + b for a in ("ba", "do", "fi", "gu", "le", "mo", "ru", "ti") for b in ("n", "rk", "st", "")
]


def sentences(count: int, seed: int = 1) -> list[str]:
    """Texts of 20 words that no two of which are alike."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=20)) for _ in range(count)]


def prepare(
    tmp_path: Path, *authors: Sequence[Post], config: PrepareConfig = DEFAULT
) -> PrepareReport:
    raw = [write_raw_dataset(tmp_path / f"raw-{n}", posts) for n, posts in enumerate(authors)]
    return run(config, dataset=raw, dataset_out=tmp_path / "out")


def rows_of(folder: Path) -> dict[str, list[DatasetRow]]:
    return {split: list(read_rows(folder / split_file(split), DatasetRow)) for split in SPLITS}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_adds_up(counts: PostCounts) -> None:
    rest = counts.model_dump(exclude={"downloaded", "other"})
    assert counts.downloaded == sum(rest.values()) + sum(counts.other.values())


def test_posts_are_cleaned_split_and_reported(tmp_path: Path) -> None:
    report = prepare(tmp_path, make_posts([*sentences(100), "RT @bob: one", "hi", "@eve"]))
    assert sorted(contents(tmp_path / "out")) == sorted(
        [PREPARE_REPORT, "train.jsonl", "validation.jsonl", "test.jsonl"]
    )
    assert PrepareReport.read(tmp_path / "out" / PREPARE_REPORT) == report
    assert report.counts == PostCounts(downloaded=103, retweets=1, short=1, empty=1, kept=100)
    assert report.per_author == {"ada": report.counts}
    assert report.persona_authors == ("ada",)
    assert report.collected[0].author == "ada"
    assert set(report.masked) == {"email", "phone"}


def test_the_newest_tenth_is_the_test_and_the_tenth_before_is_validation(tmp_path: Path) -> None:
    posts = make_posts(sentences(109))
    random.Random(3).shuffle(posts)
    report = prepare(tmp_path, posts)
    rows = rows_of(tmp_path / "out")
    assert [len(rows[split]) for split in SPLITS] == [89, 10, 10]
    in_order = [row for split in SPLITS for row in rows[split]]
    assert [row.id for row in in_order] == [str(1000 + number) for number in range(109)]
    for split in SPLITS:
        facts = getattr(report.splits, split)
        assert facts.posts == len(rows[split])
        assert facts.characters == sum(len(row.text) for row in rows[split])
        assert (facts.oldest, facts.newest) == (
            rows[split][0].created_at,
            rows[split][-1].created_at,
        )


def test_posts_of_one_moment_are_ordered_by_number(tmp_path: Path) -> None:
    ids = [*range(90, 110), *range(995, 1075)]
    posts = [
        make_post(text, id=str(number), created_at=START)
        for number, text in zip(ids, sentences(100), strict=True)
    ]
    prepare(tmp_path, posts[::-1])
    rows = [row for part in rows_of(tmp_path / "out").values() for row in part]
    assert [int(row.id) for row in rows] == ids


def test_near_duplicates_go_before_the_split_by_default_alone(tmp_path: Path) -> None:
    posts = make_posts([*sentences(90), *sentences(10)])
    report = prepare(tmp_path / "default", posts)
    assert report.counts.duplicates == 10
    texts = [row.text for rows in rows_of(tmp_path / "default" / "out").values() for row in rows]
    assert len(texts) == len(set(texts)) == 90
    assert prepare(tmp_path / "classic", posts, config=CLASSIC).counts.kept == 100


def test_classic_masks_nothing_and_names_no_languages(tmp_path: Path) -> None:
    posts = make_posts([f"@bob write a@b.org {text}" for text in sentences(90)])
    report = prepare(tmp_path, posts, config=CLASSIC)
    assert report.masked == {}
    assert report.languages == {}
    assert rows_of(tmp_path / "out")["train"][0].text == posts[0].text


def test_personal_data_of_the_kept_posts_is_counted(tmp_path: Path) -> None:
    posts = make_posts([f"write a@b.org {text}" for text in sentences(90)])
    assert prepare(tmp_path, [*posts, posts[0]]).masked == {"email": 90, "phone": 0}


def test_apps_posts_are_counted_as_templates(tmp_path: Path) -> None:
    app = [make_post(f"I just ran {n} miles", 500 + n, source="Runner") for n in range(6)]
    report = prepare(tmp_path, [*make_posts(sentences(90), source="Web"), *app])
    assert report.counts.other == {"template": 6}


@pytest.mark.parametrize("config", [DEFAULT, CLASSIC])
def test_what_the_source_marks_as_a_repost_is_counted_apart(
    tmp_path: Path, config: PrepareConfig
) -> None:
    marked = [
        make_post("one two three four", 500, kind="repost"),
        make_post("RT @bob: one two three", 501, kind="repost"),
        make_post("RT @bob: four five six", 502),
    ]
    report = prepare(tmp_path, [*make_posts(sentences(90)), *marked], config=config)
    assert report.counts == PostCounts(downloaded=93, retweets=2, other={"reposts": 1}, kept=90)
    assert report.counts.rows()["Other: reposts"] == 1


def test_other_peoples_words_are_counted_by_default_alone(tmp_path: Path) -> None:
    own = [f"{text} RT @bob: secret words of bob" for text in sentences(90)]
    quoting = [f"> secret words of bob\n{text}" for text in sentences(5, 2)]
    posts = make_posts([*own, *quoting, "MT @bob: secret words", "> secret words of bob"])
    report = prepare(tmp_path / "default", posts)
    assert report.counts.other == {"manual_retweets": 1, "quoted_lines": 1}
    assert report.trimmed == {"manual_retweets": 90, "quoted_lines": 5}
    assert report.counts.kept == 95
    assert b"secret" not in b"".join(contents(tmp_path / "default" / "out").values())
    classic = prepare(tmp_path / "classic", posts, config=CLASSIC)
    assert (classic.counts.kept, classic.trimmed) == (97, {})


def test_damaged_posts_are_left_out_with_a_warning(tmp_path: Path) -> None:
    report = prepare(tmp_path, make_posts([*sentences(90), "what is th\ufffds about"]))
    assert report.counts.other == {"damaged": 1}
    assert any("1 posts of @ada hold broken characters" in line for line in report.warnings)


def test_authors_have_an_equal_share_of_their_newest_posts(tmp_path: Path) -> None:
    many = make_posts(sentences(90, 1), "ada")
    few = make_posts(sentences(50, 2), "bob")
    for name, config in (("default", DEFAULT), ("classic", CLASSIC)):
        report = prepare(tmp_path / name, many, few, config=config)
        assert report.per_author["ada"] == PostCounts(downloaded=90, other={"balance": 40}, kept=50)
        assert report.per_author["bob"] == PostCounts(downloaded=50, kept=50)
        assert report.counts == PostCounts(downloaded=140, other={"balance": 40}, kept=100)
        for rows in rows_of(tmp_path / name / "out").values():
            assert {row.author for row in rows} == {"ada", "bob"}
            assert rows == sorted(rows, key=lambda row: (row.created_at, int(row.id)))
        oldest = min(int(row.id) for row in rows_of(tmp_path / name / "out")["train"])
        assert oldest == 1000  # bob's; ada's first 40 are gone
        assert any("40 older posts of @ada" in line for line in report.warnings)


def test_authors_may_say_the_same(tmp_path: Path) -> None:
    report = prepare(tmp_path, make_posts(sentences(50), "ada"), make_posts(sentences(50), "bob"))
    assert report.counts.kept == 100


def test_the_order_in_which_authors_are_named_does_not_matter(tmp_path: Path) -> None:
    ada, bob = make_posts(sentences(50), "ada"), make_posts(sentences(60, 2), "bob")
    prepare(tmp_path / "one", ada, bob)
    prepare(tmp_path / "two", bob, ada)
    assert contents(tmp_path / "one" / "out") == contents(tmp_path / "two" / "out")


def test_two_raw_datasets_of_one_author_are_merged_by_id(tmp_path: Path) -> None:
    texts = sentences(80)
    archive = make_posts(texts[:60], "Ada")
    update = make_posts(["x " + text for text in texts], "ada")[50:]
    report = prepare(tmp_path, archive, update)
    assert report.per_author == {"Ada": PostCounts(downloaded=90, other={"same_id": 10}, kept=80)}
    assert len(report.collected) == 2
    rows = [row for part in rows_of(tmp_path / "out").values() for row in part]
    assert [row.text for row in rows[50:60]] == texts[50:60]  # the first named wins
    assert {row.author for row in rows} == {"Ada"}


def test_little_text_is_accepted_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = prepare(tmp_path, make_posts(sentences(120)))
    characters = sum(getattr(report.splits, split).characters for split in SPLITS)
    assert [line for line in report.warnings if f"only {characters:,} characters" in line]
    assert "only" in caplog.text
    assert not prepare(tmp_path / "more", make_posts(sentences(700))).warnings


def test_too_little_text_is_refused_and_the_sentence_says_where_it_went(tmp_path: Path) -> None:
    posts = make_posts([*sentences(10), *["RT @bob: x"] * 25, "hi"])
    said = "10 of 36 posts remain (25 retweets, 1 short), which hold 6?[0-9]{2,3} characters: 6,000"
    with pytest.raises(BadInputError, match=said.replace("(", r"\(").replace(")", r"\)")):
        prepare(tmp_path, posts)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [0, 2])
def test_an_author_without_posts_is_named(tmp_path: Path, count: int) -> None:
    bob = [*make_posts(sentences(count), "bob"), make_post("hi", 900, "bob")]
    said = f"of @bob {count} of {count + 1} posts remain .* or leave @bob out"
    with pytest.raises(BadInputError, match=said):
        prepare(tmp_path, make_posts(sentences(90)), bob)


def test_an_empty_raw_dataset_is_refused(tmp_path: Path) -> None:
    raw = write_raw_dataset(tmp_path / "raw", [], author="ada")
    with pytest.raises(BadInputError, match="of @ada 0 of 0 posts remain"):
        run(DEFAULT, dataset=[raw], dataset_out=tmp_path / "out")


def test_what_is_no_raw_dataset_is_refused(tmp_path: Path) -> None:
    raw = write_raw_dataset(tmp_path / "raw", make_posts(sentences(90)))

    def refused(*raw_datasets: Path, match: str, out: Path = tmp_path / "out") -> None:
        with pytest.raises(BadInputError, match=match):
            run(DEFAULT, dataset=raw_datasets, dataset_out=out)

    refused(match="no raw dataset is given")
    refused(tmp_path / "none", match="none is not a raw dataset: it holds no collect.json")
    refused(raw, raw, match="given twice")
    refused(raw, out=raw, match="would be written over")
    refused(raw, out=tmp_path, match="would be written over")
    other = make_post("one two three", author="eve").model_dump_json() + "\n"
    (raw / POSTS).write_text(other)
    refused(raw, match="post 1000 by @eve, but its collect.json names @ada")
    (raw / POSTS).write_text('{"id": 1')
    refused(raw, match="posts.jsonl, line 1")
    (raw / POSTS).unlink()
    refused(raw, match="holds no posts.jsonl")
    (raw / COLLECT_REPORT).write_text("{}")
    (raw / POSTS).touch()
    refused(raw, match="collect.json is not a CollectReport")


def test_a_raw_dataset_that_lost_posts_is_warned_about(tmp_path: Path) -> None:
    raw = write_raw_dataset(tmp_path / "raw", make_posts(sentences(700)))
    lines = (raw / POSTS).read_text().splitlines(keepends=True)
    (raw / POSTS).write_text("".join(lines[:-1]))
    report = run(DEFAULT, dataset=[raw], dataset_out=tmp_path / "out")
    assert report.warnings == ("the raw datasets of @ada promise 700 posts and hold 699",)


def test_equal_inputs_give_equal_bytes_in_another_process(tmp_path: Path) -> None:
    raw = write_raw_dataset(tmp_path / "raw", make_posts(sentences(150) + sentences(20)))
    for name, seed in (("one", "1"), ("two", "2")):
        subprocess.run(
            [sys.executable, "-m", "components.prepare", "--dataset", raw, "--dataset-out", name],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)},
            check=True,
        )
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_killed_run_is_repaired_by_the_next(tmp_path: Path) -> None:
    raw = write_raw_dataset(tmp_path / "raw", make_posts(sentences(150)))
    killed = (
        "import os, sys, pathlib; from components.prepare import stage\n"
        "stage.PrepareReport.write = lambda *_: os.kill(os.getpid(), 9)\n"
        "stage.run(stage.PrepareConfig(), dataset=[pathlib.Path(sys.argv[1])],"
        " dataset_out=pathlib.Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", killed, raw, tmp_path / "out"]
    assert subprocess.run(command, check=False).returncode == -9
    assert not (tmp_path / "out").exists()
    run(DEFAULT, dataset=[raw], dataset_out=tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "raw"]
    assert len(rows_of(tmp_path / "out")["train"]) == 120


def test_the_command_line_sets_the_configuration(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    posts = make_posts([text.replace(" ", "\n", 1) for text in sentences(90)])
    raw = write_raw_dataset(tmp_path / "raw", posts)
    line = ["--dataset", str(raw), "--dataset-out", str(tmp_path / "out")]
    assert main([*line, "--keep-newlines"]) == 0
    assert "90 of 90 posts remain" in capfd.readouterr().err
    assert "\n" in rows_of(tmp_path / "out")["test"][0].text
    assert main([*line, "--preset", "classic"]) == 0
    assert "\n" not in rows_of(tmp_path / "out")["test"][0].text
    assert main([*line, "--preset", "classic", "--keep-newlines"]) == 2
    assert "needs --preset default" in capfd.readouterr().err


PIECE = st.sampled_from(
    [
        "hello ",
        "RT @a: ",
        "“@a: ",
        "> ",
        "@bob ",
        "one two three ",
        "https://t.co/a ",
        "…",
        "\ufffd",
        "寒い",
        "😂 ",
    ]
)
ROW = st.tuples(st.lists(PIECE, max_size=5).map("".join), st.integers(0, 24), st.integers(0, 90))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ada=st.lists(ROW, max_size=40), bob=st.lists(ROW, max_size=10), classic=st.booleans())
def test_counts_add_up_and_splits_are_disjoint_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    ada: list[tuple[str, int, int]],
    bob: list[tuple[str, int, int]],
    classic: bool,
) -> None:
    def posts(author: str, rows: list[tuple[str, int, int]]) -> list[Post]:
        drawn = [
            make_post(text, author=author, id=f"9{n}", created_at=START + timedelta(hours=hour))
            for text, hour, n in rows
        ]
        later = make_posts(sentences(40), author)
        return [*drawn, *later]

    folder = tmp_path_factory.mktemp("run")
    config = CLASSIC if classic else DEFAULT
    report = prepare(folder, posts("ada", ada), posts("bob", bob), config=config)
    for counts in (report.counts, *report.per_author.values()):
        assert_adds_up(counts)
    for key in PostCounts.model_fields:
        parts = [getattr(counts, key) for counts in report.per_author.values()]
        if key != "other":
            assert getattr(report.counts, key) == sum(parts)
    rows = rows_of(folder / "out")
    assert report.counts.kept == sum(map(len, rows.values()))
    for author in ("ada", "bob"):
        own = [row for split in SPLITS for row in rows[split] if row.author == author]
        assert len({row.id for row in own}) == len(own) == report.per_author[author].kept
        assert own == sorted(own, key=lambda row: (row.created_at, int(row.id)))


@pytest.mark.real_posts
@pytest.mark.parametrize("author", TABLES)
def test_real_posts_are_prepared_well(tmp_path: Path, posts_folder: Path, author: str) -> None:
    report = prepare(tmp_path, list(read_table(posts_folder, author)))
    assert_adds_up(report.counts)
    assert report.counts.kept > 1700
    assert max(report.languages, key=lambda code: report.languages[code]) == "en"
    for rows in rows_of(tmp_path / "out").values():
        for row in rows:
            assert "http" not in row.text
            assert "\ufffd" not in row.text
            assert "&amp;" not in row.text
            assert not re.match(r"@[^']* ", row.text), "only @someone's may begin a post"
