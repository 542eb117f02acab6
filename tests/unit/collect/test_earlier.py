"""A raw dataset that is brought up to date by each kind of source."""

from pathlib import Path
from typing import Any

import pytest
from support.archives import manifest, members, tweet, write_archive, write_zip
from support.x_api import TOKEN, XAccount, x_api, x_post

from components.collect.__main__ import main
from components.collect.config import ArchiveSource, TableSource, XSource
from components.collect.stage import run
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport

HEADER = "id,date,text,user\n"


def table(path: Path, rows: str, **config: Any) -> TableSource:
    path.write_text(HEADER + rows)
    return TableSource(table=str(path), consent="fictional", **config)


def posts_in(folder: Path) -> dict[str, str]:
    return {post.id: post.text for post in read_rows(folder / "posts.jsonl", Post)}


def test_new_rows_come_on_top_and_the_old_keep_their_place(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    first = run(
        table(tmp_path / "a.csv", "1,2016-01-01,a,ann\n3,2016-01-03,c,ann\n"), dataset_out=old
    )
    update = table(
        tmp_path / "b.csv", "3,2016-01-03,c!,Ann\n2,2016-01-02,b,Ann\n4,2016-01-04,d,Ann\n"
    )
    report = run(update, dataset_out=new, since=old)
    assert list(posts_in(new).items()) == [("1", "a"), ("2", "b"), ("3", "c!"), ("4", "d")]
    assert report.counts.downloaded == 4
    assert (report.notes["new"], report.notes["gone"]) == (2, 0)
    assert report.notes["since"] == first.input_sha256
    assert posts_in(old) == {"1": "a", "3": "c"}


def test_a_dataset_may_be_brought_up_to_date_in_place(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    table(tmp_path / "t.csv", "1,2016-01-01,a,ann\n")
    words = ["--table", str(tmp_path / "t.csv"), "--consent", "fictional", "--dataset-out", out]
    assert main(words) == 0
    table(tmp_path / "t.csv", "2,2016-01-02,b,ann\n")
    assert main([*words, "--since", out]) == 0
    assert posts_in(tmp_path / "out") == {"1": "a", "2": "b"}
    before = (tmp_path / "out/posts.jsonl").read_bytes()
    assert main([*words, "--since", out]) == 0
    assert (tmp_path / "out/posts.jsonl").read_bytes() == before


def test_rows_without_ids_are_known_again(tmp_path: Path) -> None:
    rows = "8.04E+17,2016-01-01,a,ann\n8.04E+17,2016-01-02,b,ann\n"
    run(table(tmp_path / "t.csv", rows), dataset_out=tmp_path / "old")
    before = posts_in(tmp_path / "old")
    more = table(tmp_path / "t.csv", rows + "8.04E+17,2016-01-03,c,ann\n")
    run(more, dataset_out=tmp_path / "new", since=tmp_path / "old")
    assert list(posts_in(tmp_path / "new").items())[:2] == list(before.items())
    named = table(tmp_path / "t.csv", "804,2016-01-01,a,ann\n805,2016-01-02,b,ann\n")
    run(named, dataset_out=tmp_path / "named", since=tmp_path / "new")
    assert sorted(posts_in(tmp_path / "named").values()) == ["a", "b", "c"]
    assert {"804", "805"} < set(posts_in(tmp_path / "named"))


def test_a_post_keeps_its_id_where_a_later_table_has_damaged_it(tmp_path: Path) -> None:
    rows = "804403535312027648,2016-01-01,a,ann\n804403535312027649,2016-01-02,b,ann\n"
    run(table(tmp_path / "t.csv", rows), dataset_out=tmp_path / "old")
    damaged = "8.04E+17,2016-01-02,b,ann\n8.04E+17,2016-01-03,c,ann\n"
    report = run(
        table(tmp_path / "t.csv", damaged), dataset_out=tmp_path / "new", since=tmp_path / "old"
    )
    posts = posts_in(tmp_path / "new")
    assert list(posts.values()) == ["a", "b", "c"]
    assert list(posts)[:2] == ["804403535312027648", "804403535312027649"]
    assert (report.notes["new"], report.notes["gone"]) == (1, 0)


@pytest.mark.parametrize(
    ("before", "after", "kept", "new"),
    [
        (["", "", ""], [""], 3, 0),
        ([""], ["", "", ""], 3, 2),
        (["", ""], ["5"], 2, 0),
        (["5"], ["", ""], 2, 1),
        (["5", ""], ["5"], 2, 0),
        (["5", ""], ["6", ""], 2, 0),
        (["5"], ["6"], 2, 1),
    ],
)
def test_posts_that_say_the_same_at_once_stay_as_many(
    tmp_path: Path, before: list[str], after: list[str], kept: int, new: int
) -> None:
    def rows(ids: list[str]) -> TableSource:
        return table(tmp_path / "t.csv", "".join(f"{one},2016-01-01,gm,ann\n" for one in ids))

    run(rows(before), dataset_out=tmp_path / "old")
    report = run(rows(after), dataset_out=tmp_path / "new", since=tmp_path / "old")
    posts = posts_in(tmp_path / "new")
    assert {one for one in (*before, *after) if one} <= set(posts)
    assert (len(posts), report.notes["new"]) == (kept, new)


def test_ids_that_count_rows_are_not_taken_for_the_same_posts(tmp_path: Path) -> None:
    run(table(tmp_path / "t.csv", "0,2016-01-01,a,ann\n"), dataset_out=tmp_path / "old")
    later = table(tmp_path / "t.csv", "0,2016-02-01,b,ann\n")
    with pytest.raises(BadInputError, match="t.csv: its post 0 .*may just count rows"):
        run(later, dataset_out=tmp_path / "new", since=tmp_path / "old")
    assert not (tmp_path / "new").exists()


def test_what_a_table_says_is_deleted_goes(tmp_path: Path) -> None:
    run(
        table(tmp_path / "t.csv", "1,2016-01-01,a,ann\n2,2016-01-02,b,ann\n"),
        dataset_out=tmp_path / "old",
    )
    (tmp_path / "t.csv").write_text(
        "id,date,text,isRetweet,isDeleted\n1,2016-01-01,a,f,t\n3,2016-01-03,c,f,f\n"
    )
    config = TableSource(table=str(tmp_path / "t.csv"), author="ann", consent="fictional")
    report = run(config, dataset_out=tmp_path / "new", since=tmp_path / "old")
    assert posts_in(tmp_path / "new") == {"2": "b", "3": "c"}
    assert report.notes["gone"] == 1


def archived(path: Path, tweets: list[Any]) -> ArchiveSource:
    return ArchiveSource(archive=str(write_archive(path, tweets)), consent="own-archive")


AT = "Sat Feb 18 12:33:{:02} +0000 2017"


def test_what_a_whole_archive_lacks_was_deleted(tmp_path: Path) -> None:
    old = [tweet(n, str(n), AT.format(n)) for n in (1, 2, 3, 9)]
    run(archived(tmp_path / "x.zip", old), dataset_out=tmp_path / "old")
    new = [tweet(n, str(n), AT.format(n)) for n in (1, 3, 4)]
    report = run(
        archived(tmp_path / "x.zip", new), dataset_out=tmp_path / "new", since=tmp_path / "old"
    )
    # 2 is gone; 9 is younger than this archive, which cannot know of it
    assert list(posts_in(tmp_path / "new")) == ["1", "3", "4", "9"]
    assert report.notes["gone"] == 1


def test_an_archive_that_may_lack_posts_tells_nothing_of_deletions(tmp_path: Path) -> None:
    old = [tweet(n, str(n), AT.format(n)) for n in (1, 2)]
    run(archived(tmp_path / "x.zip", old), dataset_out=tmp_path / "old")
    files = members([tweet(3, "3", AT.format(3))])
    files["data/manifest.js"] = manifest({"data/tweets.js": ("tweets", 5)})
    config = ArchiveSource(archive=str(write_zip(tmp_path / "x.zip", files)), consent="own-archive")
    run(config, dataset_out=tmp_path / "new", since=tmp_path / "old")
    assert list(posts_in(tmp_path / "new")) == ["1", "2", "3"]


def test_a_post_that_an_archive_holds_but_cannot_be_read_is_not_gone(tmp_path: Path) -> None:
    old = [tweet(n, str(n), AT.format(n)) for n in (1, 2, 3)]
    run(archived(tmp_path / "x.zip", old), dataset_out=tmp_path / "old")
    new = [tweet(1, "1", AT.format(1)), tweet(2, "2", "never"), tweet(3, "3", AT.format(3))]
    run(archived(tmp_path / "x.zip", new), dataset_out=tmp_path / "new", since=tmp_path / "old")
    assert list(posts_in(tmp_path / "new")) == ["1", "2", "3"]


def test_x_is_asked_for_what_is_new_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    account = XAccount("nobody", [x_post(number, f"post {number}") for number in range(5)])
    with x_api(account) as server:
        config = XSource(
            handle="nobody",
            x_api_url=server.url,
            accept_cost=True,
            accept_x_terms="mine",
            consent="written-consent",
        )
        out = tmp_path / "out"
        run(config, dataset_out=out)
        ids = [str(10**18 + number) for number in range(7)]
        account.posts.append(x_post(5, "post 5"))
        account.posts.append(x_post(6, "post 4, edited", edit_history_tweet_ids=[ids[4], ids[6]]))
        server.seen.clear()
        report = run(config, dataset_out=out, since=out)
        assert f"since_id={ids[4]}" in server.pages[0]
        assert posts_in(out) == {
            **{ids[number]: f"post {number}" for number in (0, 1, 2, 3, 5)},
            ids[6]: "post 4, edited",
        }
        assert (report.notes["new"], report.notes["gone"]) == (2, 1)
        assert run(config, dataset_out=out, since=out).counts.downloaded == 6
        with pytest.raises(BadInputError, match="give one of them"):
            run(config.model_copy(update={"since_id": "5"}), dataset_out=out, since=out)
        account.account_id = "43"
        with pytest.raises(BadInputError, match="account 42.*43 now"):
            run(config, dataset_out=out, since=out)


def test_an_earlier_dataset_must_be_one_of_the_same_author(tmp_path: Path) -> None:
    config = table(tmp_path / "t.csv", "1,2016-01-01,a,ann\n")
    with pytest.raises(BadInputError, match="is not a raw-dataset"):
        run(config, dataset_out=tmp_path / "out", since=tmp_path / "none")
    run(config, dataset_out=tmp_path / "old")
    other = table(tmp_path / "t.csv", "1,2016-01-01,a,bo\n")
    with pytest.raises(BadInputError, match="of @ann, not of @bo"):
        run(other, dataset_out=tmp_path / "out", since=tmp_path / "old")
    assert CollectReport.read(tmp_path / "old/collect.json").author == "ann"
