"""What is said of what is no archive, or not one alone, and what to do."""

from collections.abc import Sequence

from components.collect.containers.no_zip import TABLE
from components.collect.posts import shown

_WORKBOOK = "xl/workbook.xml"


def why_no_posts(source: str, names: Sequence[str], *, folder: bool) -> str:
    """What lies where there should be posts, among the members called `names`."""
    linked = [name for name in names if f"/{name}".endswith("/data")]
    zips = [name for name in names if name.lower().endswith(".zip")]
    if linked:
        return (
            f"{source}: {shown(linked[0])!r} is not a folder but a link or a file; "
            "give the folder that holds the posts themselves"
        )
    if zips and folder:
        place = f"{source.rstrip('/')}/{shown(zips[0])}"
        return f"{source} holds no posts but a zip; give that: --archive {place}"
    if zips:
        return (
            f"{source} holds no posts but another zip, {shown(zips[0])!r}; "
            "unpack it and give that one with --archive"
        )
    if _WORKBOOK in names or (names and all(map(TABLE.fullmatch, names))):
        return _why_table(source, names, folder=folder)
    missing = "it holds neither data/tweets.js nor tweets.csv"
    if folder:
        return (
            f"{source} is not an X archive, or was not unpacked whole: {missing}; "
            "unpack the zip again, all of it, or give the zip itself"
        )
    return f"{source} is not an X archive, or the wrong part of one: {missing}"


def _why_table(source: str, names: Sequence[str], *, folder: bool) -> str:
    if folder:
        place = f"{source.rstrip('/')}/{shown(names[0])}"
        return f"{source} is not an X archive but holds a table; give that: --table {place}"
    if _WORKBOOK in names or len(names) == 1:
        return f"{source} is not an X archive but a table; give it with --table"
    return f"{source} is not an X archive but holds tables; unpack it and give one with --table"


def why_several(source: str, folders: Sequence[str], *, folder: bool) -> str:
    """Which archives lie beside each other, by the folders of their posts."""
    count = "two" if len(folders) == 2 else f"{len(folders):,}"
    start = f"{source.rstrip('/')}/" if folder else ""
    places = " and ".join(shown(start + place) or "./" for place in folders[:2])
    more = ", among others" if len(folders) > 2 else ""
    first = "" if folder else "unpack it and "
    return (
        f"{source} holds {count} archives, with posts in {places}{more}; "
        f"{first}give one of these folders with --archive"
    )
