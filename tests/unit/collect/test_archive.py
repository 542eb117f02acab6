import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.archives import (
    PNG,
    assigned,
    entries,
    manifest,
    members,
    note,
    tweet,
    write_archive,
    write_zip,
)
from support.collecting import Read, read_with

from components.collect.archive.archive import read_archive
from components.collect.config import ArchiveSource
from components.collect.stage import run
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post

LONG = "A long post &amp; more of it, " + "word " * 80


def collect(path: Path, **config: Any) -> Read:
    given = ArchiveSource(archive=str(path), consent="own-archive", **config)
    return read_with(read_archive, path, "x.zip", given)


def texts(collected: Read) -> dict[str, str]:
    return {post.id: post.text for post in collected.posts}


def test_an_archive_of_today_is_read(tmp_path: Path) -> None:
    path = write_archive(
        tmp_path / "x.zip", [tweet(1, "one &amp; two"), tweet(2, "RT @ann: three")]
    )
    collected = collect(path)
    assert texts(collected) == {"1": "one &amp; two", "2": "RT @ann: three"}
    assert [post.kind for post in collected.posts] == ["original", "repost"]
    assert (collected.author, collected.account_id, collected.display_name) == (
        "nobody",
        "42",
        "No Body",
    )
    assert collected.posts[0].source == "Twitter for Nobody"
    assert collected.posts[0].created_at.isoformat() == "2017-02-18T12:33:11+00:00"
    assert collected.picture is not None
    assert (collected.picture.name, collected.picture.data) == ("picture.png", PNG)
    assert not collected.warnings


def test_replies_quotes_links_and_mentions_come_from_the_entry(tmp_path: Path) -> None:
    reply = tweet(
        1,
        "@ann yes https://t.co/a",
        in_reply_to_status_id_str="9",
        in_reply_to_screen_name="ann",
        entities={
            "user_mentions": [{"screen_name": "ann"}],
            "urls": [{"url": "https://t.co/a", "expanded_url": "https://a.org"}],
        },
    )
    link = {"url": "https://t.co/b", "expanded_url": "https://twitter.com/bo/status/5"}
    quote = tweet(2, "look https://t.co/b", entities={"urls": [link]})
    first, second = collect(write_archive(tmp_path / "x.zip", [reply, quote])).posts
    assert (first.kind, first.reply_to, first.mentions, first.urls) == (
        "reply",
        "ann",
        ("ann",),
        ("https://t.co/a",),
    )
    assert (second.kind, second.urls) == ("quote", ("https://t.co/b",))


def test_parts_are_read_together(tmp_path: Path) -> None:
    files = members([tweet(1)])
    files["data/tweets-part1.js"] = entries("tweets", "tweet", [tweet(2), tweet(3)])
    files["data/manifest.js"] = manifest(
        {"data/tweets.js": ("tweets", 1), "data/tweets-part1.js": ("tweets", 2)}
    )
    collected = collect(write_zip(tmp_path / "x.zip", files))
    assert len(collected.posts) == 3
    assert not collected.warnings


@pytest.mark.parametrize("folder", ["", "data/", "twitter-2019-archive/", "again/data/"])
def test_old_entries_have_no_wrapper_and_lie_elsewhere(tmp_path: Path, folder: str) -> None:
    files = {
        f"{folder}tweet.js": assigned("YTD.tweet.part0", [tweet(1, "old")]),
        f"{folder}account.js": entries("account", "account", [{"username": "nobody"}]),
    }
    collected = collect(write_zip(tmp_path / "x.zip", files))
    assert texts(collected) == {"1": "old"}
    assert "no manifest.js" in collected.warnings[0]


def test_archives_from_before_2019_are_tables(tmp_path: Path) -> None:
    header = (
        "tweet_id,in_reply_to_status_id,in_reply_to_user_id,timestamp,source,text,"
        "retweeted_status_id,retweeted_status_user_id,retweeted_status_timestamp,"
        "expanded_urls\n"
    )
    rows = (
        '"12","","","2013-04-05 17:10:22 +0000","web","a ""quoted"", text\nin two lines","","",'
        '"",""\n"13","7","8","2013-04-05 17:11:22 +0000","web","@bo so","","","",""\n'
    )
    files = {
        "tweets.csv": (header + rows).encode(),
        "data/js/user_details.js": b'var user_details = {"screen_name": "nobody", "id": "42"}',
        "data/js/tweets/2013_04.js": b"Grailbird.data.tweets_2013_04 = []",
    }
    collected = collect(write_zip(tmp_path / "x.zip", files))
    assert texts(collected) == {"12": 'a "quoted", text\nin two lines', "13": "@bo so"}
    assert [post.reply_to for post in collected.posts] == [None, "8"]
    assert (collected.author, collected.account_id) == ("nobody", "42")


def test_the_last_version_of_an_edited_post_stays(tmp_path: Path) -> None:
    first = tweet(10, "teh", edit_info={"initial": {"editTweetIds": ["10", "11", "12"]}})
    later = [
        tweet(number, text, edit_info={"edit": {"initialTweetId": "10"}})
        for number, text in ((12, "the end"), (11, "the"))
    ]
    collected = collect(write_archive(tmp_path / "x.zip", [later[0], first, later[1], tweet(9)]))
    assert texts(collected) == {"12": "the end", "9": "hello"}
    assert collected.notes["earlier_versions"] == 2


def test_long_posts_are_whole(tmp_path: Path) -> None:
    tweets = [
        tweet(1, LONG[:270] + "… https://t.co/x", "Sat Feb 18 12:33:11 +0000 2017"),
        tweet(2, "@ann @bo " + LONG[:260] + "…", "Sat Feb 18 14:00:00 +0000 2017"),
        tweet(3, "short", "Sat Feb 18 12:33:12 +0000 2017"),
    ]
    notes = [
        note(LONG.replace("&amp;", "&"), "2017-02-18T12:33:12.900Z"),
        note(LONG + "second", "2017-02-18T13:59:58.000Z"),
        note("Its post was deleted " * 20, "2017-02-18T12:33:11.000Z"),
        note(LONG + "too late", "2017-02-18T12:33:15.000Z"),
    ]
    collected = collect(write_archive(tmp_path / "x.zip", tweets, notes))
    assert texts(collected) == {
        "1": LONG.replace("&amp;", "&"),
        "2": LONG + "second",
        "3": "short",
    }
    assert collected.notes["joined_notes"] == 2
    assert collected.notes["unmatched_notes"] == 2


def test_two_equal_long_posts_take_one_note_each(tmp_path: Path) -> None:
    tweets = [
        tweet(number, LONG[:250], f"Sat Feb 18 12:33:1{number} +0000 2017") for number in (1, 2)
    ]
    notes = [note(f"{LONG}{number}", f"2017-02-18T12:33:1{number}.000Z") for number in (2, 1)]
    collected = collect(write_archive(tmp_path / "x.zip", tweets, notes))
    assert texts(collected) == {"1": LONG + "1", "2": LONG + "2"}


def test_posts_of_the_time_of_circles_are_named_or_left_out(tmp_path: Path) -> None:
    path = write_archive(
        tmp_path / "x.zip",
        [
            tweet(1, at="Sun Jul 31 23:59:59 +0000 2022"),
            tweet(2, at="Mon Aug 01 00:00:00 +0000 2022"),
            tweet(3, at="Thu Nov 30 23:59:59 +0000 2023"),
            tweet(4, at="Fri Dec 01 00:00:00 +0000 2023"),
        ],
    )
    out = tmp_path / "out"
    config = ArchiveSource(archive=str(path), consent="own-archive")
    report = run(config, dataset_out=out)
    assert "--exclude-circle-window" in report.warnings[0]
    assert report.notes["circle_window"] == 2
    excluding = config.model_copy(update={"exclude_circle_window": True})
    report = run(excluding, dataset_out=out)
    assert [post.id for post in read_rows(out / "posts.jsonl", Post)] == ["1", "4"]
    assert report.notes["circle_window_excluded"] == 2
    assert not report.warnings


def test_what_is_private_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [
        "deleted-tweets",
        "direct-messages",
        "direct-messages-group",
        "like",
        "ip-audit",
        "tweet-headers",
        "deleted-tweet-headers",
        "tweets-deleted",
        "contact",
        "ad-impressions",
    ]
    files = members([tweet(1)])
    files |= {f"data/{name}.js": b"secret" for name in secrets}
    files["data/manifest.js"] = manifest(
        {"data/tweets.js": ("tweets", 1)} | {f"data/{name}.js": (name, 1) for name in secrets}
    )
    path = write_zip(tmp_path / "x.zip", files)
    opened: list[str] = []
    open_member = zipfile.ZipFile.open

    def spy(file: zipfile.ZipFile, member: Any, *args: Any, **more: Any) -> Any:
        opened.append(getattr(member, "filename", member))
        return open_member(file, member, *args, **more)

    monkeypatch.setattr(zipfile.ZipFile, "open", spy)
    collect(path)
    assert sorted(opened) == [
        "data/account.js",
        "data/manifest.js",
        "data/profile.js",
        "data/profile_media/42-face.png",
        "data/tweets.js",
    ]
    files["data/manifest.js"] = manifest({"data/direct-messages.js": ("tweets", 1)})
    write_zip(path, files)
    opened.clear()
    with pytest.raises(BadInputError, match="direct-messages.js"):
        collect(path)
    assert opened == ["data/manifest.js"]


@pytest.mark.parametrize(
    ("stated", "sentence"), [(3, "holds 2 .* states 3"), (1, "holds 2 .* states 1")]
)
def test_a_manifest_with_other_counts_is_a_warning(
    tmp_path: Path, stated: int, sentence: str
) -> None:
    files = members([tweet(1), tweet(2)])
    files["data/manifest.js"] = manifest({"data/tweets.js": ("tweets", stated)})
    (warning,) = collect(write_zip(tmp_path / "x.zip", files)).warnings
    assert re.search(sentence, warning)


def test_a_manifest_that_knows_little_of_many_files_is_two_warnings(tmp_path: Path) -> None:
    files = members([tweet(1), tweet(2)])
    for part in range(1, 6):
        files[f"data/tweets-part{part}.js"] = entries("tweets", "tweet", [tweet(10 + part)])
    stated = {f"data/tweets{part}.js": ("tweets", 9) for part in ("", "-part1")}
    files["data/manifest.js"] = manifest(stated)
    unknown, other = collect(write_zip(tmp_path / "x.zip", files)).warnings
    assert re.search(r"states .*tweets-part2.js holds; it has 1 \(and so for 3 more", unknown)
    assert re.search(r"tweets-part1.js holds 1 .* states 9: .* \(and so for 1 more", other)


def test_a_manifest_of_another_name_is_a_warning(tmp_path: Path) -> None:
    files = members([tweet(1)])
    files["data/manifest.js"] = manifest({"data/tweets.js": ("tweets", 1)}, userName="bob")
    collected = collect(write_zip(tmp_path / "x.zip", files))
    assert collected.author == "nobody"
    assert "@bob and account.js of @nobody" in collected.warnings[0]


def test_a_manifest_that_names_a_missing_file_stops(tmp_path: Path) -> None:
    files = members([tweet(1)])
    files["data/manifest.js"] = manifest(
        {"data/tweets.js": ("tweets", 1), "data/tweets-part1.js": ("tweets", 5)}
    )
    with pytest.raises(BadInputError, match="tweets-part1.js"):
        collect(write_zip(tmp_path / "x.zip", files))


def test_a_manifest_of_another_account_stops(tmp_path: Path) -> None:
    files = members([tweet(1)])
    files["data/manifest.js"] = manifest({"data/tweets.js": ("tweets", 1)}, accountId="43")
    with pytest.raises(BadInputError, match="different accounts"):
        collect(write_zip(tmp_path / "x.zip", files))


def test_a_part_of_an_archive_is_a_warning(tmp_path: Path) -> None:
    files = members([tweet(1)])
    files["data/manifest.js"] = assigned(
        "__THAR_CONFIG",
        {
            "archiveInfo": {"isPartialArchive": "true"},
            "dataTypes": {"tweets": {"files": [{"fileName": "data/tweets.js", "count": "1"}]}},
        },
    )
    assert "one part" in collect(write_zip(tmp_path / "x.zip", files)).warnings[0]


@pytest.mark.parametrize(
    "evil",
    [
        b"window.YTD.tweets.part0 = [",
        b"window.YTD.tweets.part0 = [] and more",
        b"window.YTD.tweets.part0 = {}",
        b"window.YTD.tweets.part0 = 7",
        b"window.YTD.direct_messages.part0 = []",
        b"[]",
        b"",
        b"\xff\xfe\x00",
        b"window.YTD.tweets.part0 = " + b"[" * 100_000,
        b"window.YTD.tweets.part0 = [" + b"9" * 5_000 + b"]",
        b"window.YTD.tweets.part0 = []",
        b'window.YTD.tweets.part0 = [{"id_str": "1", "full_text": "x", "created_at": 1e999}]',
        b"window.YTD.tweets.part0 = [[], 1, null, {}]",
    ],
    ids=range(13),
)
def test_a_damaged_or_empty_file_of_posts_is_one_sentence(tmp_path: Path, evil: bytes) -> None:
    files = members([]) | {"data/tweets.js": evil}
    del files["data/manifest.js"]
    with pytest.raises(BadInputError, match="x.zip") as caught:
        collect(write_zip(tmp_path / "x.zip", files))
    assert str(caught.value).count("\n") < 5


def test_a_few_unreadable_entries_are_counted(tmp_path: Path) -> None:
    bad = [tweet(2, at="yesterday"), tweet("1e99"), tweet(3, text="")]
    collected = collect(write_archive(tmp_path / "x.zip", [tweet(n) for n in range(10, 15)] + bad))
    assert len(collected.posts) == 5
    assert collected.notes["skipped"] == 3
    assert len(collected.warnings) == 3


def test_half_a_surrogate_pair_becomes_a_replacement(tmp_path: Path) -> None:
    collected = collect(write_archive(tmp_path / "x.zip", [tweet(1, "a\ud83d"), tweet(2, "b😀")]))
    assert texts(collected) == {"1": "a\ufffd", "2": "b😀"}
    assert collected.damaged == 1


def test_the_archive_must_be_of_the_author_who_was_asked_for(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", [tweet(1)])
    assert collect(path, author="@Nobody").author == "nobody"
    with pytest.raises(BadInputError, match="@nobody, not @ann"):
        collect(path, author="ann")


def test_an_archive_that_states_no_owner_needs_the_name(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"data/tweets.js": entries("tweets", "tweet", [tweet(1)])})
    assert collect(path, author="ann").author == "ann"
    with pytest.raises(BadInputError, match="--author"):
        collect(path)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff\xd8\xff\xe0", "picture.jpg"),
        (b"GIF89a", "picture.gif"),
        (b"RIFF\0\0\0\0WEBP", "picture.webp"),
        (b"<svg onload=alert(1)>", None),
        (b"", None),
    ],
)
def test_a_picture_is_an_image_by_its_bytes(tmp_path: Path, data: bytes, name: str | None) -> None:
    files = members([tweet(1)]) | {"data/profile_media/42-face.png": data}
    collected = collect(write_zip(tmp_path / "x.zip", files))
    assert (collected.picture.name if collected.picture else None) == name
    assert bool(collected.warnings) == (name is None)
