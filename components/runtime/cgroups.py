"""Control groups, by which Linux limits a container: where those of this process stand."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def control_groups(controller: str, root: Path) -> Iterator[Path]:
    """The folders of this process's groups, and of those around them, for `cpu` or `memory`.

    A container sees its own group as the outermost, whatever path `/proc` states: what is not
    there is passed over.
    """
    mounts = root / "sys/fs/cgroup"
    yield from (mounts, mounts / controller)
    for controllers, path in _memberships(controller, root / "proc/self/cgroup"):
        names = (controllers, controller) if controllers else ("", "unified")
        for group in (path, *path.parents):
            yield from (mounts / name / group for name in names)


def _memberships(controller: str, file: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """The controllers, none in v2, and the path of each group that `controller` may limit.

    `NUMBER:CONTROLLERS:PATH` a line (cgroups(7), "/proc/pid/cgroup").
    """
    for line in read_kernel_file(file).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        inside = PurePosixPath(path.strip("/"))
        if (not controllers or controller in controllers.split(",")) and ".." not in inside.parts:
            yield controllers, inside


def read_kernel_file(file: Path) -> str:
    """What a file of the kernel's says; nothing where it is not there."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
