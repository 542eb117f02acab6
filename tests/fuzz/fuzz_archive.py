"""Any bytes as a member of an archive, and as the whole zip."""

import tempfile
from pathlib import Path

import harness
from support.archives import PNG, entries, manifest, members, note, tweet, write_zip

from components.collect.config import ArchiveSource

CONFIG = ArchiveSource(archive="x", consent="fictional", author="nobody")
MEMBERS = (
    "data/tweets.js",
    "data/note-tweet.js",
    "data/account.js",
    "data/profile.js",
    "data/manifest.js",
    "data/profile_media/42-face.png",
    "tweets.csv",
    "data/js/user_details.js",
)
_ZIP = Path(tempfile.mkdtemp()) / "x.zip"
LONG = tweet(3, "A long post that is cut off here " + "word " * 60)
WHOLE = members(
    [tweet(1), tweet(2, "RT @a: b"), LONG], [note(LONG["full_text"] + "x", "2017-02-18T12:33:12Z")]
)


def test(data: bytes) -> None:
    """The first byte says which member the rest is; beyond them it is the zip itself."""
    which = data[0] if data else len(MEMBERS)
    if which >= len(MEMBERS):
        _ZIP.write_bytes(data[1:])
    else:
        files = {**WHOLE, MEMBERS[which]: data[1:]}
        if MEMBERS[which] == "tweets.csv":
            files = {MEMBERS[which]: data[1:]}
        write_zip(_ZIP, files)
    harness.must_be_a_sentence(_read)


def _read() -> None:
    with harness.Spool() as spool:
        collected = harness.read_archive(_ZIP, "x", CONFIG, spool)
        assert list(spool.posts(collected.author))


CSV = b"tweet_id,timestamp,text,in_reply_to_status_id\n1,2013-04-05 17:10:22 +0000,hello,\n"
SEEDS = {
    "tweets": b"\0" + WHOLE["data/tweets.js"],
    "notes": b"\1" + WHOLE["data/note-tweet.js"],
    "account": b"\2" + WHOLE["data/account.js"],
    "profile": b"\3"
    + entries("profile", "profile", [{"avatarMediaUrl": "https://x.org/face.png"}]),
    "manifest": b"\4" + manifest({"data/tweets.js": ("tweets", 3)}, accountId="42"),
    "picture": b"\5" + PNG,
    "csv": b"\6" + CSV,
    "details": b'\7var user_details = {"screen_name": "nobody", "id": "42"}',
    "zip": b"\xff" + write_zip(_ZIP, WHOLE).read_bytes(),
}

if __name__ == "__main__":
    harness.fuzz(test, SEEDS)
