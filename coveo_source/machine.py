"""What this process may use of the machine: cores, and memory, which a container may limit."""

import os
from collections.abc import Iterator
from pathlib import Path

_CONTROLLERS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


def cores() -> int:
    """Returns the cores that this process may use, not all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_mb() -> int | None:
    """Returns the megabytes that this process may use; None where nobody says."""
    limits = list(container_limits())
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits) // 10**6 if limits else None


def container_limits(
    own_groups: Path = _OWN_GROUPS, controllers: Path = _CONTROLLERS
) -> Iterator[int]:
    """Yields the limits in bytes of the control groups that this process is in, and of those above.

    Both versions of control groups write where a process is into one file, each line as
    `hierarchy:controllers:path`. In a container the path may be that of the machine outside; the
    container's own limit is then at the root.
    """
    if not own_groups.exists():
        return
    for line in own_groups.read_text().splitlines():
        _, names, path = line.split(":", 2)
        if not names:
            yield from _limits(controllers, path, "memory.max")
            yield from _limits(controllers / "unified", path, "memory.max")
        elif "memory" in names.split(","):
            yield from _limits(controllers / "memory", path, "memory.limit_in_bytes")


def _limits(root: Path, path: str, file: str) -> Iterator[int]:
    group = Path(path.lstrip("/"))
    for each in (group, *group.parents):
        try:
            # version 2 writes `max` for none
            yield int((root / each / file).read_text())
        except (OSError, ValueError):
            continue
