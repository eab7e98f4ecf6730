"""The cache of prepared arrays: bounded, least recently used first; sets and work in use stay."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vestim_core.jobs.prepared_cache import DEFAULT_LIMIT_GB, PreparedCache
from vestim_core.system import write_json


def write_set(folder: Path, name: str, kilobytes: int, used_s: float) -> Path:
    path = folder / name
    (path / "cell").mkdir(parents=True)
    (path / "cell" / "features.npy").write_bytes(bytes(1000 * kilobytes - 2))
    (path / "prepared.json").write_text("{}")
    os.utime(path, (used_s, used_s))
    return path


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def cache(tmp_path: Path) -> PreparedCache:
    (tmp_path / "prepared").mkdir()
    write_json(tmp_path / "settings.json", {"prepared_cache_GB": 1e-4})  # 100 kB
    return PreparedCache(tmp_path / "prepared", tmp_path / "settings.json")


def test_the_least_recently_used_set_goes_first(cache: PreparedCache, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    for age, name in enumerate(("new", "middle", "old")):
        write_set(folder, name, 40, 1e9 - age)
    (removed,) = cache.shrink(set())
    assert removed.name.startswith("old.tmp-") and (removed / "cell" / "features.npy").exists()
    assert names_in(folder) == {"new", "middle", removed.name}
    os.utime(folder / "middle")
    write_set(folder, "newest", 40, 2e9)
    (removed,) = cache.shrink(set())
    assert removed.name.startswith("new.tmp-")


def test_sets_in_use_stay_above_the_limit(cache: PreparedCache, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    for age, name in enumerate(("new", "middle", "old")):
        write_set(folder, name, 90, 1e9 - age)
    removed = cache.shrink({"old", "middle", "None"})
    assert [path.name.partition(".")[0] for path in removed] == ["new"]
    assert {"old", "middle"} <= names_in(folder)


def test_a_cache_within_its_limit_is_unchanged(cache: PreparedCache, tmp_path: Path) -> None:
    write_set(tmp_path / "prepared", "one", 99, 1.0)
    (tmp_path / "prepared" / "note.txt").write_bytes(bytes(10**6))
    assert cache.shrink(set()) == []
    assert PreparedCache(tmp_path / "nowhere", tmp_path / "settings.json").shrink(set()) == []


def test_leftovers_go_when_their_process_has_ended(cache: PreparedCache, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        own_leftover = folder / f"key.tmp-{living.pid}-abc_x"
        older_leftover = folder / f"key.tmp-{living.pid}-older"  # of an earlier process with the same id
        old_unowned, new_unowned = folder / "key.tmp-zzzz", folder / "key.tmp-yyyy"  # of a version without process ids
        for path in (own_leftover, older_leftover, old_unowned, new_unowned):
            path.mkdir()
        os.utime(older_leftover, (1e9, 1e9))
        os.utime(old_unowned, (1e9, 1e9))
        assert set(cache.shrink(set())) == {older_leftover, old_unowned}
        assert living.stdin
        living.stdin.close()
        living.wait()
    assert set(cache.shrink(set())) == {own_leftover, older_leftover, old_unowned}, "and none of them is touched here"
    assert names_in(folder) == {path.name for path in (own_leftover, older_leftover, old_unowned, new_unowned)}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"prepared_cache_GB": "much"}', '{"prepared_cache_GB": -1}', None])
def test_invalid_settings_mean_the_default(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "settings.json").write_text(text)
    assert PreparedCache(tmp_path, tmp_path / "settings.json").limit_bytes == DEFAULT_LIMIT_GB * 1e9
