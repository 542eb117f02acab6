"""Whose posts a table holds: those of several people are never taken for one's."""

import json
from pathlib import Path

import pytest
from support.collecting import ReadTable, RefuseTable
from support.made_tables import as_csv, people, post_text, post_time

from components.collect.__main__ import main
from components.collect.tables.authors import fits_handle
from components.registry import Registry
from components.registry.opt_outs import add_opt_out

KNOWN = (
    *("from_user", "from_user_name", "author.username", "author_username", "user_screen_name"),
    *("user.screen_name", "User Screen Name", "userScreenName", "author/userName", "screen_name"),
    *("handle", "username", "Screen Name", "account.acct", "author_handle", "user_name", "user"),
    *("author", "name", "From User", "tweep", "nickname", "authorHandle"),
)


def several(column: str, *names: str, **more: str) -> str:
    return as_csv(people([{column: name, **more} for name in names or ("ann_k", "bob_b", "cat_c")]))


@pytest.mark.parametrize("column", KNOWN)
def test_the_common_names_of_the_author_are_known(
    table: ReadTable, refused: RefuseTable, column: str
) -> None:
    sentence = refused(several(column))
    assert "3 authors (ann_k, bob_b, cat_c); choose one with --author" in sentence
    assert len(table(several(column), author="Bob_B").posts) == 4
    assert "no posts of 'zoe'" in refused(several(column), author="zoe")


@pytest.mark.parametrize("column", ["user_id", "author_id", "userid", "from_user_id_str", "did"])
def test_several_accounts_are_several_people(
    table: ReadTable, refused: RefuseTable, column: str
) -> None:
    data = several(column, "501", "502", "503")
    for author in (None, "ann_k"):
        sentence = refused(data, author=author)
        assert "3 accounts" in sentence
        assert f"--columns author={column} --author 501" in sentence
    read = table(data, columns=(f"author={column}",), author="501")
    assert (len(read.posts), read.account_ids) == (4, ("501",))
    assert len(table(several(column, "501"), author="ann_k").posts) == 12


def test_accounts_are_several_even_where_a_spreadsheet_rounded_them(refused: RefuseTable) -> None:
    rounded = several("user_id", "1100000000000000000", "1300000000000000000")
    assert "2 accounts" in refused(rounded, author="ann_k")
    assert "2 accounts" in refused(several("user_id", "1.1E+18", "1.3E+18"), author="ann_k")


@pytest.mark.parametrize("at", ["", "@"])
@pytest.mark.parametrize("column", ["who", "politician", "x", "col7", "speaker"])
def test_a_column_that_looks_like_handles_is_noticed(
    table: ReadTable, refused: RefuseTable, column: str, at: str
) -> None:
    data = several(column, *(at + name for name in ("ann_k", "bob_b", "cat_c")))
    for author in (None, "ann_k"):
        sentence = refused(data, author=author)
        assert repr(column) in sentence
        assert f"--columns author={column} --author {at}ann_k" in sentence
    assert len(table(data, columns=(f"author={column}",), author=f"{at}ann_k").posts) == 4
    assert len(table(data, columns=(f"ignore={column}",), author="ann_k").posts) == 12


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("lang", ["en", "de"]),
        ("l", ["en", "de", "pt"]),
        ("tongue", ["en_GB", "de_DE"]),
        ("source", ["Client_A", "Client_B", "Client_C"]),
        ("made_with", ["Web", "iPhone", "Android"]),
        ("pinned", ["True", "False"]),
        ("ok", ["yes", "no"]),
        ("stars", ["1", "2", "3"]),
        ("sentiment", ["glad", "cross"]),
        ("feeling", ["positive", "negative", "neutral"]),
        ("weekday", ["Mo", "Di"]),
        ("sort", ["tweet", "reply"]),
        ("place", ["Hull", "Leeds"]),
        ("note", ["a longer remark", "another one here"]),
    ],
)
def test_what_is_known_for_something_else_is_no_author(
    table: ReadTable, column: str, values: list[str]
) -> None:
    assert len(table(several(column, *values), author="ann_k").posts) == 12


def test_one_persons_table_with_languages_and_clients_is_read(table: ReadTable) -> None:
    languages = [{"language": "en"}, {"language": "de"}]
    clients = [{"client": name} for name in ("Web", "Phone", "Deck")]
    assert len(table(as_csv(people(languages, clients)), author="ann_k").posts) == 12


def test_handles_come_before_the_names_that_people_show(table: ReadTable) -> None:
    both = [{"username": "Ann K. ☕", "user": "Ann", "screen_name": "ann_k"}]
    read = table(as_csv(people(both)))
    assert (read.author, read.names) == ("ann_k", ("Ann", "Ann K. ☕", "ann_k"))
    swapped = [{"username": "Ann K.", "user": "ann_k"}]
    assert table(as_csv(people(swapped))).author == "ann_k"


@pytest.mark.parametrize("author", [None, "ann_k", "@ANN_K", "Ann", "Ann_on_tour", "77"])
def test_an_account_keeps_its_posts_under_a_new_name(table: ReadTable, author: str | None) -> None:
    renamed = [
        {"screen_name": "ann_k", "name": name, "user_id": "77"} for name in ("Ann", "Ann on tour")
    ]
    read = table(as_csv(people(renamed)), author=author)
    assert (read.author, len(read.posts), read.account_id) == ("ann_k", 12, "77")


def test_where_only_names_are_shown_the_account_tells(
    table: ReadTable, refused: RefuseTable
) -> None:
    shown = [{"user_name": n, "user_id": i} for n, i in (("Ann", "7"), ("Ann!", "7"), ("Ann", "8"))]
    assert "2 authors (Ann 7, Ann 8)" in refused(as_csv(people(shown)))
    assert "several authors are called 'Ann'" in refused(as_csv(people(shown)), author="Ann")
    assert len(table(as_csv(people(shown)), author="7").posts) == 8


def test_two_handles_with_one_name_are_two_people(table: ReadTable, refused: RefuseTable) -> None:
    namesakes = [{"screen_name": h, "name": "Ann"} for h in ("ann_k", "ann_l")]
    assert "several authors are called 'Ann' (ann_k, ann_l)" in refused(
        as_csv(people(namesakes)), author="Ann"
    )
    assert len(table(as_csv(people(namesakes)), author="ann_l").posts) == 6


def test_a_handle_is_meant_before_somebody_elses_name(table: ReadTable) -> None:
    odd = [{"screen_name": "ann_k", "name": "Ann"}, {"screen_name": "bob", "name": "ann_k"}]
    assert table(as_csv(people(odd)), author="ann_k").names == ("Ann", "ann_k")


def test_a_row_that_names_nobody_is_nobodys(table: ReadTable) -> None:
    some = [{"screen_name": "ann_k"}, {"screen_name": "ann_k"}, {"screen_name": ""}]
    read = table(as_csv(people(some)))
    assert len(read.posts) == 8
    assert any("no author: 4" in warning for warning in read.warnings)


def test_the_author_within_an_object_is_found(refused: RefuseTable) -> None:
    users = [{"user": {"screen_name": h, "name": h.title()}} for h in ("ann_k", "bob_b")]
    assert "2 authors (ann_k, bob_b)" in refused("\n".join(map(json.dumps, people(users))))
    written = [{"user": str(one["user"])} for one in users]
    assert "2 authors (ann_k, bob_b)" in refused(as_csv(people(written)))


def test_dumps_of_a_known_kind_may_hold_several_people_too(refused: RefuseTable) -> None:
    archive = [
        {"id": n, "text": post_text(n), "isRetweet": "f", "date": post_time(n), "handle": handle}
        for n, handle in enumerate(["ann_k", "bob_b"] * 3)
    ]
    assert "2 authors" in refused(json.dumps(archive))


@pytest.mark.parametrize(
    "opted_out",
    [{"handle": "ann_k"}, {"handle": "Ann K."}, {"account_id": "77"}, {"account_id": "78"}],
)
def test_an_opt_out_holds_for_all_that_rows_say(
    tmp_path: Path, opted_out: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"screen_name": "ann_k", "name": name, "user_id": account, "team": "red"}
        for name, account in (("Ann", "77"), ("Ann K.", "78"))
    ]
    (tmp_path / "t.csv").write_text(as_csv(people(rows)))
    registry = str(tmp_path / "registry")
    Registry.open(registry).begin()
    add_opt_out(registry, **opted_out)
    words = ["--table", tmp_path / "t.csv", "--consent", "fictional", "--registry", registry]
    for chosen in ([], ["--columns", "author=screen_name"], ["--columns", "author=team"]):
        told = [*map(str, words), *chosen, "--dataset-out", str(tmp_path / "raw")]
        assert main(told) == 2
    assert "opted out" in capsys.readouterr().err
    assert not (tmp_path / "raw").exists()


def test_handles_of_every_network_are_told_from_names() -> None:
    for handle in ("ann_k", "@ann_k", "ann.bsky.social", "ann@mastodon.social", "x"):
        assert fits_handle(handle)
    for name in ("Ann K.", "Ann Kettle", "Änne", "a_name_of_more_than_fifteen", "☕", ""):
        assert not fits_handle(name)


FAMILY = (
    *("tweet.user.username", "core.user_results.result.legacy.screen_name", "twitter_username"),
    *("tweet_author_screen_name", "actor.preferredUsername", "User Handle", "poster_handle"),
)


@pytest.mark.parametrize("column", FAMILY)
def test_columns_called_as_those_of_handles_are_known(
    table: ReadTable, refused: RefuseTable, column: str
) -> None:
    assert "3 authors (ann_k, bob_b, cat_c)" in refused(several(column))
    assert len(table(several(column), author="bob_b").posts) == 4


@pytest.mark.parametrize(
    "column", ["tweet_author", "Tweet Author", "status_user", "source_user", "text_author", "by"]
)
def test_a_column_called_after_a_person_may_name_several(refused: RefuseTable, column: str) -> None:
    assert "several people" in refused(several(column), author="ann_k")


@pytest.mark.parametrize(
    "column",
    [
        *("uid", "authorid", "from_id", "legacy.user_id_str", "tweet_author_id", "actor.id"),
        *("account_id_str", "hashed_user_id", "user_uuid", "id_user"),
    ],
)
def test_columns_called_as_those_of_accounts_are_known(refused: RefuseTable, column: str) -> None:
    assert "3 accounts" in refused(several(column, "501", "502", "503"), author="ann_k")


@pytest.mark.parametrize(
    "column",
    [
        *("in_reply_to_user_id", "quoted_user_id", "sourcetweet_author_id", "mentioned_user_id"),
        *("reply_to_username", "quoted_status.user.screen_name", "media.owner_id"),
    ],
)
def test_columns_of_those_whom_a_post_answers_or_quotes_are_no_authors(
    table: ReadTable, column: str
) -> None:
    read = table(several(column, "501", "502", "503", username="ann_k"))
    assert (len(read.posts), read.account_ids) == (12, ())


def test_an_empty_column_of_accounts_hides_no_other(refused: RefuseTable) -> None:
    rows = people([{"user_id": "", "author_id": one} for one in ("501", "502")])
    sentence = refused(as_csv(rows), author="ann_k")
    assert "--columns author=author_id --author 501" in sentence


def test_links_to_posts_of_several_people_are_noticed(
    table: ReadTable, refused: RefuseTable
) -> None:
    def linked(*names: str) -> str:
        rows = people([{}])
        for n, row in enumerate(rows):
            row["url"] = f"https://twitter.com/{names[n % len(names)]}/status/{1000 + n}"
        return as_csv([{k: v for k, v in row.items() if k != "id"} for row in rows])

    sentence = refused(linked("ann_k", "bob_b"), author="ann_k")
    assert "its column 'url' may name them (ann_k, bob_b)" in sentence
    chosen = table(linked("ann_k", "bob_b"), columns=("author=url",), author="ann_k")
    assert {post.id for post in chosen.posts} == {str(1000 + n) for n in range(0, 12, 2)}
    assert len(table(linked("ann_k"), author="ann_k").posts) == 12


def test_a_stray_word_among_handles_hides_nobody(refused: RefuseTable) -> None:
    rows = people([{"who": name} for name in ("ann_k", "bob_b")])
    rows[5]["who"] = "unknown user"
    assert "several people" in refused(as_csv(rows), author="ann_k")


@pytest.mark.parametrize("stated", ["x2244994945", "id:twitter.com:2244994945", '="2244994945"'])
def test_account_ids_are_bare_numbers_however_tools_protect_them(
    table: ReadTable, stated: str
) -> None:
    rows = people([{"username": "ann_k", "user_id": stated}])
    assert table(as_csv(rows)).account_ids == ("2244994945",)


def test_names_with_blanks_are_quoted_where_they_are_to_be_typed(refused: RefuseTable) -> None:
    assert "--columns 'author=Author ID' --author 501" in refused(several("Author ID", "501", "7"))
    assert "--columns 'author=The one' --author ann_k" in refused(several("The one"))


def test_a_post_each_is_enough_where_a_column_surely_names_people(refused: RefuseTable) -> None:
    people_of = {
        "tweet_author": [f"Person {n}" for n in range(12)],
        "who": [f"@someone{n}" for n in range(12)],
        "url": [f"https://x.com/someone{n}/status/{n}" for n in range(12)],
        "author_url": [f"https://twitter.com/someone{n}" for n in range(12)],
        "owner": [str(5000 + n) for n in range(12)],
    }
    for column, stated in people_of.items():
        rows = [{**row, column: one} for row, one in zip(people([{}]), stated, strict=True)]
        assert "several people" in refused(as_csv(rows), author="ann_k")


def test_links_of_reposts_lead_to_others_in_a_table_of_one(table: ReadTable) -> None:
    rows = [
        {**row, "url": f"https://x.com/{'bob_b' if n == 3 else 'ann_k'}/status/{n + 9}"}
        for n, row in enumerate(people([{"is_retweet": "0"}]))
    ]
    rows[3]["is_retweet"] = "1"
    assert len(table(as_csv(rows), author="ann_k").posts) == 12


def test_what_a_post_was_sent_from_is_no_person(table: ReadTable) -> None:
    data = several("posted_from", "Twitter for iPhone", "Twitter Web App")
    assert len(table(data, author="ann_k").posts) == 12
