"""Whose archive this is, and their picture."""

from typing import NamedTuple

from components.collect.archive.files import ArchiveFiles
from components.collect.archive.manifest import ArchiveManifest
from components.collect.collected import Picture
from components.collect.config import handle_of
from components.collect.json_fields import as_object, as_text
from components.collect.pictures import MAX_PICTURE, image_suffix
from components.collect.posts import shown, valid_unicode
from components.contracts.errors import BadInputError


class ArchiveAccount(NamedTuple):
    """The archive's owner; an empty string is a fact that it does not state."""

    handle: str
    account_id: str
    display_name: str


def read_account(
    files: ArchiveFiles, manifest: ArchiveManifest, wanted: str | None
) -> ArchiveAccount:
    """The owner by `account.js`, the manifest, or `user_details.js` before 2019.

    Raises:
        BadInputError: the archive's files name different owners, it is not of the `wanted` one,
            or neither the archive nor the person names one.
    """
    account, details = files.only_entry("account"), {}
    if files.members.user_details:
        details = as_object(files.value(files.members.user_details[0], "user_details"))
    stated = [
        _account(account, "username", "accountId", "accountDisplayName"),
        _account(manifest.user, "userName", "accountId", "displayName"),
        _account(details, "screen_name", "id", "full_name"),
    ]
    if len({one.account_id for one in stated} - {""}) > 1:
        raise BadInputError(
            f"{files.source}: manifest.js and account.js name different accounts; "
            f"{files.container.again}"
        )
    known = ArchiveAccount(
        *(next(filter(None, values), "") for values in zip(*stated, strict=True))
    )
    if not known.handle and wanted is None:
        raise BadInputError(f"{files.source} does not say whose archive it is; add --author NAME")
    if wanted is not None and known.handle.lower() not in ("", wanted.lower()):
        raise BadInputError(
            f"{files.source} is the archive of @{shown(known.handle)}, not @{wanted}"
        )
    return known if known.handle else known._replace(handle=wanted or "")


def other_name(manifest: ArchiveManifest, account: ArchiveAccount) -> list[str]:
    """A sentence about a manifest that calls the owner something else, as after a renaming."""
    stated = handle_of(as_text(manifest.user.get("userName")))
    if stated.lower() in ("", account.handle.lower()):
        return []
    return [
        f"manifest.js is of @{shown(stated)} and account.js of @{shown(account.handle)}: "
        "files of two archives may be mixed here; download it again to be sure"
    ]


def _account(stated: object, handle: str, account_id: str, display_name: str) -> ArchiveAccount:
    values = (as_text(as_object(stated).get(key)) for key in (handle, account_id, display_name))
    name, number, shown = map(valid_unicode, values)
    return ArchiveAccount(handle_of(name), number, shown)


def picture_member(files: ArchiveFiles) -> str | None:
    """The member with the picture that `profile.js` names; None where there is none."""
    file = as_text(files.only_entry("profile").get("avatarMediaUrl")).rpartition("/")[2]
    found = (name for name in files.members.pictures if file and _is_picture(name, file))
    return next(found, None)


def read_picture(files: ArchiveFiles) -> tuple[Picture | None, list[str]]:
    """The owner's picture, if it is an image; else a warning if it is none."""
    member = picture_member(files)
    if member is None:
        return None, []
    data = files.read(member, MAX_PICTURE)
    suffix = image_suffix(data)
    if suffix is None:
        return None, [f"{shown(member)} is not a PNG, JPEG, GIF or WebP image and was left out"]
    return Picture(f"picture{suffix}", data), []


def _is_picture(member: str, file: str) -> bool:
    """Members are called `<account id>-<file>`."""
    name = member.rpartition("/")[2]
    return name == file or name.endswith(f"-{file}")
