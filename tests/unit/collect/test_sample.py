import html
import json
import re
import struct
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from components.collect.sample.__main__ import main
from components.collect.sample.build import archive_files, build_archive
from components.collect.sample.posts import SamplePost, read_invented_posts, read_people
from components.contracts.errors import BadInputError

POSTS = read_invented_posts()
FILES = archive_files()
WORD = re.compile(r"\w+(?:['’]\w+)*")


def value_of(file: str) -> Any:
    _, _, said = FILES[f"data/{file}.js"].decode().partition(" = ")
    return json.loads(said)


TWEETS = [entry["tweet"] for entry in value_of("tweets")]


def words(text: str) -> list[str]:
    return WORD.findall(re.sub(r"https://\S+", "", text).casefold())


def shingles(text: str) -> set[tuple[str, ...]]:
    said = words(text)
    return set(zip(said, said[1:], said[2:], strict=False))


def similarity(left: set[tuple[str, ...]], right: set[tuple[str, ...]]) -> float:
    return len(left & right) / len(left | right) if left | right else 1.0


def sentences(text: str) -> int:
    return len([part for part in re.split(r"(?<=[.!?…])[\"')]*\s+", text.strip()) if part])


def cleaned(text: str) -> str:
    """Without leading mentions and links."""
    return re.sub(r"https://\S+", "", re.sub(r"^(?:@\w+\s+)+", "", text)).strip()


def is_short(text: str) -> bool:
    return len(cleaned(text).split()) < 3


def is_near_duplicate(post: SamplePost) -> bool:
    """Whether it is marked as one."""
    return any(mark.startswith("near=") for mark in post.marks)


def written() -> Iterator[SamplePost]:
    """The posts in the author's own words, each meant to be like no other."""
    return (post for post in POSTS if post.kind != "repost" and not is_near_duplicate(post))


def time_of(tweet: dict[str, Any]) -> datetime:
    return datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y")


# What the author wrote


def test_no_run_of_five_words_stands_in_more_than_two_posts() -> None:
    holders = defaultdict(set)
    for number, post in enumerate(written()):
        said = words(post.text)
        for start in range(len(said) - 4):
            holders[" ".join(said[start : start + 5])].add(number)
    assert [run for run, posts in holders.items() if len(posts) > 2] == []


def test_at_least_640_originals_of_one_to_three_sentences_are_unlike_each_other() -> None:
    texts = [
        cleaned(post.text)
        for post in written()
        if post.kind == "original"
        and not post.marks
        and not is_short(post.text)
        and sentences(cleaned(post.text)) <= 3
    ]
    assert len(texts) >= 640
    sets = [shingles(text) for text in texts]
    assert [pair for pair in combinations(sets, 2) if similarity(*pair) >= 0.5] == []


def test_marked_near_duplicates_are_alike() -> None:
    groups = defaultdict(list)
    for post in POSTS:
        for mark in post.marks:
            if mark.startswith("near="):
                groups[mark].append(shingles(post.text))
    assert len(groups["near=slogan"]) >= 12
    assert sum(map(len, groups.values())) >= 20
    for first, *others in groups.values():
        assert min(similarity(first, other) for other in others) >= 0.7


def test_it_holds_what_real_archives_hold() -> None:
    texts = [post.text for post in POSTS]
    kinds = Counter(post.kind for post in POSTS)
    assert kinds["repost"] >= 25
    assert kinds["reply"] >= 60
    assert kinds["note"] == 2
    chains = {len(re.findall(r"@\w+ ", re.match(r"(@\w+ )*", text)[0])) for text in texts}  # type: ignore[index]
    assert chains == {0, 1, 2, 3, 4}
    assert sum(is_short(post.text) for post in POSTS if post.kind == "original") >= 25
    assert sum("https://" in text for text in texts) >= 50
    assert sum(bool(re.search(r"(:|→|via) https://", text)) for text in texts) >= 20
    assert sum(len(post.versions) > 1 for post in POSTS) >= 12
    assert max(len(post.versions) for post in POSTS) == 3
    assert sum("\n" in text for text in texts) >= 20
    assert [post.text[-1] for post in POSTS if "cut-off" in post.marks] == ["…"]
    everything = "\n".join(texts)
    for sign in ("\u200d", "\ufe0f", "🇳🇴", "👍🏽", "&", "<", "#", "@example.com", "+44 20 7946 0"):
        assert sign in everything


def test_dreams_are_among_the_posts() -> None:
    texts = [post.text for post in written()]
    assert sum("My dream is" in text for text in texts) >= 10
    dreams = re.compile(
        r"\b(dream|dreamt|dreamed|wish|plan|one day|when I retire|ambition)\b", re.I
    )
    assert sum(bool(dreams.search(text)) for text in texts) >= 30


def test_nobody_in_it_is_real() -> None:
    people = read_people()
    handles = {handle for post in POSTS for handle in re.findall(r"(?<!\w)@(\w+)", post.text)}
    assert handles == set(people["others"])
    assert all(handle.endswith("_madeup") and len(handle) <= 15 for handle in handles)
    links = re.findall(r"https://([^/\s]+)", "\n".join(post.text for post in POSTS))
    assert set(links) == {"example.com", "example.org"}


def test_posts_follow_each_other_over_about_three_years_of_waking_hours() -> None:
    times = [post.versions[0].at for post in POSTS]
    assert times == sorted(set(times))
    assert 1000 < (times[-1] - times[0]).days < 1100
    assert {at.hour for at in times} <= set(range(8, 22))


@pytest.mark.parametrize("text", ["no time\ntext", "2024-01-01 09:00"])
def test_a_block_without_a_time_or_a_text_is_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "posts.txt").write_text(f"2024-01-01 08:00\nfine\n\n{text}\n")
    with pytest.raises(BadInputError, match=re.escape(repr(text.split("\n")[0]))):
        read_invented_posts(tmp_path / "posts.txt")


# What X makes of it


def test_every_version_is_a_tweet_of_the_true_shape() -> None:
    assert len(TWEETS) == sum(len(post.versions) for post in POSTS)
    assert len({tweet["id"] for tweet in TWEETS}) == len(TWEETS)
    strings = ("id", "id_str", "full_text", "source", "lang", "favorite_count", "retweet_count")
    for tweet in TWEETS:
        assert all(isinstance(tweet[name], str) for name in strings)
        assert tweet["id"] == tweet["id_str"]
        assert len(tweet["id"]) == 19
        assert (tweet["retweeted"], tweet["truncated"], tweet["favorited"]) == (False,) * 3
        assert tweet["source"].startswith('<a href="https://example.com/')
        assert tweet["display_text_range"] == ["0", str(len(tweet["full_text"]))]


def test_ids_are_snowflakes_of_their_times() -> None:
    for tweet in TWEETS:
        sent = datetime.fromtimestamp(((int(tweet["id"]) >> 22) + 1288834974657) // 1000, UTC)
        assert sent == time_of(tweet)


def test_their_order_is_not_that_of_time() -> None:
    ids = [int(tweet["id"]) for tweet in TWEETS]
    assert ids != sorted(ids)
    assert ids != sorted(ids, reverse=True)


def test_texts_are_escaped_and_links_shortened() -> None:
    stored = [tweet["full_text"] for tweet in TWEETS]
    assert not any(re.search(r"[<>]|&(?!(amp|lt|gt);)", text) for text in stored)
    links = re.findall(r"https?://\S+", "\n".join(stored))
    assert links
    assert all(re.fullmatch(r"https://t\.co/[A-Za-z0-9]{10}", link) for link in links)
    for tweet in TWEETS:
        text = html.unescape(tweet["full_text"])
        assert len(text) <= 280 or "… https://t.co/" in text[-30:]


def test_indices_point_at_what_they_name() -> None:
    found = Counter()
    for tweet in TWEETS:
        for kind, key, sign in (
            ("urls", "url", ""),
            ("user_mentions", "screen_name", "@"),
            ("hashtags", "text", "#"),
        ):
            for entity in tweet["entities"][kind]:
                start, end = map(int, entity["indices"])
                assert tweet["full_text"][start:end] == sign + entity[key]
                found[kind] += 1
    assert found["urls"] > 50
    assert found["user_mentions"] > 80
    assert found["hashtags"] >= 3


def test_replies_name_whom_they_answer() -> None:
    for tweet in TWEETS:
        answered = re.match(r"@(\w+)", tweet["full_text"])
        assert tweet.get("in_reply_to_screen_name") == (answered and answered[1])
        if answered:
            first = tweet["entities"]["user_mentions"][0]
            assert tweet["in_reply_to_user_id_str"] == tweet["in_reply_to_user_id"] == first["id"]
            assert int(tweet["in_reply_to_status_id"]) < int(tweet["id"])


def test_edits_share_their_first_version() -> None:
    families = defaultdict(list)
    for tweet in TWEETS:
        info = tweet["edit_info"]
        control = info["edit"]["editControlInitial"] if "edit" in info else info["initial"]
        first = info["edit"]["initialTweetId"] if "edit" in info else tweet["id"]
        assert control["editTweetIds"][0] == first
        assert control["editTweetIds"] == sorted(control["editTweetIds"])
        assert time_of(tweet) < datetime.fromisoformat(control["editableUntil"])
        families[first].append((tweet["id"], control["editTweetIds"]))
    for members in families.values():
        assert {tweet_id for tweet_id, _ in members} == set(members[0][1])
    assert sum(len(members) > 1 for members in families.values()) >= 12


def test_notes_belong_to_posts_by_time_and_beginning_alone() -> None:
    notes = [entry["noteTweet"] for entry in value_of("note-tweet")]
    assert len(notes) == 2
    for note in notes:
        assert note["noteTweetId"] not in {tweet["id"] for tweet in TWEETS}
        sent = datetime.fromisoformat(note["createdAt"])
        text = note["core"]["text"]
        assert len(text) > 280
        near = [
            tweet
            for tweet in TWEETS
            if abs((time_of(tweet) - sent).total_seconds()) <= 2
            and html.unescape(tweet["full_text"])[:60] == text[:60]
        ]
        assert len(near) == 1


# The zip


def test_two_builds_are_equal_byte_for_byte(tmp_path: Path) -> None:
    one = build_archive(tmp_path / "deep" / "one.zip")
    two = build_archive(tmp_path / "two.zip")
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["one.zip", "two.zip"]


def test_the_zip_holds_the_files_and_the_manifest_names_them(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_archive(tmp_path / "sample.zip")) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == set(FILES)
    manifest = value_of("manifest")
    for kind in manifest["dataTypes"].values():
        (file,) = kind["files"]
        start = FILES[file["fileName"]].decode().split(" = ")[0]
        assert start == f"window.{file['globalName']}"
        name = file["fileName"].removeprefix("data/").removesuffix(".js")
        assert file["count"] == str(len(value_of(name)))


def test_account_profile_and_manifest_agree() -> None:
    account = value_of("account")[0]["account"]
    user = value_of("manifest")["userInfo"]
    assert account["username"] == user["userName"] == "lost_and_madeup"
    assert account["accountId"] == user["accountId"]
    assert account["accountDisplayName"] == user["displayName"]
    assert value_of("profile")[0]["profile"]["description"]["bio"]


def test_the_picture_is_a_png_that_the_profile_names() -> None:
    address = value_of("profile")[0]["profile"]["avatarMediaUrl"]
    account_id = value_of("account")[0]["account"]["accountId"]
    picture = FILES[f"data/profile_media/{account_id}-{address.rpartition('/')[2]}"]
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (96, 96)


def test_what_no_reader_may_open_is_there_to_be_left_alone() -> None:
    private = ("direct-messages", "deleted-tweets", "like", "ip-audit")
    names = [*(f"data/{name}.js" for name in private), "Your archive.html"]
    assert all(b"DECOY-" in FILES[name] for name in names)
    assert not any(b"DECOY-" in data for name, data in FILES.items() if name not in names)


def test_the_command_writes_the_archive(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path / "sample.zip")]) == 0
    assert zipfile.is_zipfile(tmp_path / "sample.zip")


def test_a_place_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path / "file" / "sample.zip", tmp_path):
        assert main(["--out", str(target)]) == 2
        assert "cannot write" in capsys.readouterr().err
