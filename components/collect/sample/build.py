"""The sample archive as a zip, byte for byte the same each time and everywhere."""

import zipfile
from pathlib import Path

from components.collect.sample import files
from components.collect.sample.numbers import number
from components.collect.sample.portrait import portrait
from components.collect.sample.posts import read_invented_posts, read_people
from components.collect.sample.tweets import note_of, tweets_of
from components.contracts.errors import BadInputError
from components.runtime.files import whole_file

_PACKED_AT = (2026, 11, 1, 12, 0, 0)


def build_archive(target: Path) -> Path:
    """Write the archive to `target`, whole or not at all, and return `target`.

    Raises:
        BadInputError: `target` cannot be written.
    """
    members = archive_files()
    try:
        with (
            whole_file(target) as draft,
            zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive,
        ):
            for name in sorted(members):
                archive.writestr(_entry(name), members[name])
    except OSError as error:
        raise BadInputError(f"cannot write {target}: {error.strerror}") from error
    return target


def archive_files() -> dict[str, bytes]:
    """The bytes of every file in the archive, by name."""
    people, posts = read_people(), read_invented_posts()
    author = people["author"]
    tweets = [tweet for post in posts for tweet in tweets_of(post, people["others"])]
    tweets.sort(key=lambda tweet: number(f"order {tweet['id']}", 1 << 60))  # X's is arbitrary
    notes = [note_of(post) for post in posts if post.kind == "note"]
    listed = {
        "tweets": ("tweets", [{"tweet": tweet} for tweet in tweets]),
        "noteTweet": ("note-tweet", [{"noteTweet": note} for note in notes]),
        "account": ("account", [files.account(author)]),
        "profile": ("profile", [files.profile(author)]),
    }
    counts = {kind: (file, len(entries)) for kind, (file, entries) in listed.items()}
    members = {
        **{f"data/{file}.js": files.array_file(file, entries) for file, entries in listed.values()},
        f"data/profile_media/{author['id']}-{author['picture']}": portrait(),
        **files.private_files(),
    }
    manifest = files.manifest(author, counts, size=sum(map(len, members.values())))
    return {"data/manifest.js": files.assignment("__THAR_CONFIG", manifest), **members}


def _entry(name: str) -> zipfile.ZipInfo:
    """A member without a trace of this machine or moment.

    Stored, since compressors differ between machines.
    """
    entry = zipfile.ZipInfo(name, _PACKED_AT)
    entry.create_system = 3  # Unix, whatever this is
    entry.external_attr = 0o644 << 16
    return entry
