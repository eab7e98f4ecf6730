"""Atomic file writes, JSON files, and file names for every system."""

import json
import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vestim_core.system import read_json, safe_name, unique_path, write_atomic, write_json

RESERVED_NAMES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def test_readers_see_old_or_new_content_only(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    versions = {bytes([letter]) * 100_000 for letter in b"abcdef"}
    write_atomic(path, b"a" * 100_000)
    is_finished = threading.Event()
    read_contents: set[bytes] = set()

    def read() -> None:
        while not is_finished.is_set():
            read_contents.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for version in sorted(versions):
            write_atomic(path, version)
    is_finished.set()
    reader.join()
    assert read_contents <= versions
    assert list(tmp_path.iterdir()) == [path]


def test_failed_write_keeps_the_old_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "job.json"
    write_atomic(path, b"old")

    def fail_with_full_disk(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail_with_full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_mode_of_a_new_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "key", b"secret", mode=0o600)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_longest_file_name_can_be_written(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("x" * 255), b"")


def test_json_is_readable_and_strict(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"name": "Größe", "values": [1, 2.5, None]})
    assert (
        path.read_text(encoding="utf-8")
        == json.dumps({"name": "Größe", "values": [1, 2.5, None]}, indent=2, ensure_ascii=False) + "\n"
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, float("nan"))
    assert read_json(path) == {"name": "Größe", "values": [1, 2.5, None]}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\xfd", b"NaN", b'{"a": Infinity}', b"[" * 200_000])
def test_invalid_json_error_names_the_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"broken\.json is not valid JSON"):
        read_json(path)


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(any_json)
@example("name that is no UTF-8: \udcff \\udcff")
def test_json_round_trip(tmp_path_factory: pytest.TempPathFactory, obj: object) -> None:
    path = tmp_path_factory.getbasetemp() / "round.json"
    write_json(path, obj)
    assert read_json(path) == obj


@given(st.text(alphabet=st.characters(), max_size=300) | st.text(alphabet="./\\ :conCON1\x00\t~ä。"))
@example("con .txt")
@example("COM¹.csv")
@example("..")
@example("a\u3000.")
@example("x" * 195 + " " + "y" * 50)
@example("ä" * 150 + ".csv")
def test_safe_name_is_valid_on_every_system(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe.encode("utf-8")) <= 255
    assert not set(safe) & set('<>:"/\\|?*')
    assert not any(ord(character) < 32 for character in safe)
    assert safe not in (".", "..")
    assert not safe.endswith((".", " "))
    assert safe.split(".")[0].strip().lower() not in RESERVED_NAMES
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("US06 25 °C.csv", "US06 25 °C.csv"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("NUL", "_NUL"),
        ("aux.tar.gz", "_aux.tar.gz"),
        ("console.csv", "console.csv"),
        ("name. . ", "name"),
        ("a\nb\x00c", "a_b_c"),
        ("", "_"),
        ("...", "_"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_safe_name_changes_as_little_as_needed(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_unique_path_ignores_case(tmp_path: Path) -> None:
    assert unique_path(tmp_path / "not yet", "a.csv") == tmp_path / "not yet" / "a.csv"
    (tmp_path / "Run.csv").touch()
    second_path = unique_path(tmp_path, "run.CSV")
    assert second_path.name == "run (2).CSV"
    second_path.touch()
    assert unique_path(tmp_path, "run.csv").name == "run (3).csv"
    assert unique_path(tmp_path, "../run.csv").parent == tmp_path
