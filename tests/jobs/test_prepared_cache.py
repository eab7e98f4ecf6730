"""The cache of prepared arrays: bounded, oldest use first, live work and the work of living processes left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vestim_core.jobs.prepared_cache import DEFAULT_LIMIT_GB, PreparedCache
from vestim_core.system import write_json


def a_set(folder: Path, name: str, kilobytes: int, used_s: float) -> Path:
    path = folder / name
    (path / "cell").mkdir(parents=True)
    (path / "cell" / "features.npy").write_bytes(bytes(1000 * kilobytes - 2))
    (path / "prepared.json").write_text("{}")
    os.utime(path, (used_s, used_s))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def cache(tmp_path: Path) -> PreparedCache:
    (tmp_path / "prepared").mkdir()
    write_json(tmp_path / "settings.json", {"prepared_cache_GB": 1e-4})  # 100 kB
    return PreparedCache(tmp_path / "prepared", tmp_path / "settings.json")


def test_what_was_used_longest_ago_goes_first(cache: PreparedCache, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    for age, name in enumerate(("new", "middle", "old")):
        a_set(folder, name, 40, 1e9 - age)
    (aside,) = cache.shrink(set())
    assert aside.name.startswith("old.tmp-") and (aside / "cell" / "features.npy").exists()
    assert names(folder) == {"new", "middle", aside.name}
    os.utime(folder / "middle")
    a_set(folder, "newest", 40, 2e9)
    (aside,) = cache.shrink(set())
    assert aside.name.startswith("new.tmp-")


def test_what_is_in_use_stays_whatever_the_bound_says(cache: PreparedCache, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    for age, name in enumerate(("new", "middle", "old")):
        a_set(folder, name, 90, 1e9 - age)
    gone = cache.shrink({"old", "middle", "None"})
    assert [path.name.partition(".")[0] for path in gone] == ["new"]
    assert {"old", "middle"} <= names(folder)


def test_a_cache_within_its_bound_is_left_alone(cache: PreparedCache, tmp_path: Path) -> None:
    a_set(tmp_path / "prepared", "one", 99, 1.0)
    (tmp_path / "prepared" / "note.txt").write_bytes(bytes(10**6))
    assert cache.shrink(set()) == []
    assert PreparedCache(tmp_path / "nowhere", tmp_path / "settings.json").shrink(set()) == []


def test_leftovers_go_when_their_process_is_no_more(cache: PreparedCache, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        mine = folder / f"key.tmp-{living.pid}-abc_x"
        stranger = folder / f"key.tmp-{living.pid}-older"  # by a process that bore the number before
        forgotten, recent = folder / "key.tmp-zzzz", folder / "key.tmp-yyyy"  # of a version that named no process
        for path in (mine, stranger, forgotten, recent):
            path.mkdir()
        os.utime(stranger, (1e9, 1e9))
        os.utime(forgotten, (1e9, 1e9))
        assert set(cache.shrink(set())) == {stranger, forgotten}
        assert living.stdin
        living.stdin.close()
        living.wait()
    assert set(cache.shrink(set())) == {mine, stranger, forgotten}, "and none of them is touched here"
    assert names(folder) == {path.name for path in (mine, stranger, forgotten, recent)}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"prepared_cache_GB": "much"}', '{"prepared_cache_GB": -1}', None])
def test_settings_that_make_no_sense_mean_the_default(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "settings.json").write_text(text)
    assert PreparedCache(tmp_path, tmp_path / "settings.json").limit_bytes == DEFAULT_LIMIT_GB * 1e9
