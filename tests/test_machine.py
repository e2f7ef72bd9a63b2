"""The memory of a container, as its control groups tell it, in both versions of them."""

from pathlib import Path

import pytest

from coveo_source.machine import container_limits, memory_mb


def limits_of(folder: Path, groups: str, files: dict[str, str]) -> list[int]:
    """Returns the limits of a process in some groups.

    files: what is in a file, by its path below the control groups
    """
    own = folder / "cgroup"
    own.write_text(groups)
    for name, text in files.items():
        file = folder / "controllers" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return list(container_limits(own, folder / "controllers"))


def test_the_second_version_limits_each_group_and_those_above(tmp_path: Path) -> None:
    files = {"a/b/memory.max": "max\n", "a/memory.max": "2000\n", "memory.max": "9\n"}
    assert limits_of(tmp_path, "0::/a/b\n", files) == [2000, 9]


def test_the_first_version_has_a_hierarchy_for_memory(tmp_path: Path) -> None:
    files = {
        "memory/a/memory.limit_in_bytes": "512\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/other/memory.limit_in_bytes": "1\n",
    }
    groups = "5:cpu,cpuacct:/other\n4:memory:/a\n"
    assert limits_of(tmp_path, groups, files) == [512, 9223372036854771712]


def test_a_container_that_knows_only_its_path_outside_has_its_limit_at_the_root(
    tmp_path: Path,
) -> None:
    assert limits_of(tmp_path, "0::/machine/container\n", {"memory.max": "700\n"}) == [700]


def test_both_versions_at_once_are_read(tmp_path: Path) -> None:
    files = {"memory/a/memory.limit_in_bytes": "512\n", "unified/a/memory.max": "300\n"}
    assert sorted(limits_of(tmp_path, "4:memory:/a\n0::/a\n", files)) == [300, 512]


def test_a_machine_without_control_groups_has_no_limits(tmp_path: Path) -> None:
    assert list(container_limits(tmp_path / "missing", tmp_path)) == []


def test_this_process_may_use_some_memory() -> None:
    if not Path("/proc/meminfo").exists():
        pytest.skip("nothing to compare with")
    first, *_ = Path("/proc/meminfo").read_text().splitlines()
    assert 0 < (memory_mb() or 0) <= int(first.split()[1]) * 1024 // 10**6 + 1
