"""Files of a data set by file, folder, pattern and split; repairs and mappings; error messages for anything else."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.samples import write_csv
from vestim_core.data.data_files import distinct_names
from vestim_core.data.data_set_files import find_same_names, merge_mappings, resolve_files, split_files, worst_findings
from vestim_core.data.file_repairs import resolve_repairs, select_repairs, unaccepted_findings
from vestim_core.spec.data import FileRepair
from vestim_core.spec.data_set import MAX_FINDING_BYTES, DataSetSpec, Split
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.finding import Finding, Repair, Severity


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    for index in (1, 2, 10):
        write_csv(tmp_path / "cells" / f"drive_{index}.csv", seed=index)
    write_csv(tmp_path / "cells" / "charge_1.csv", seed=20)
    (tmp_path / "cells" / "notes.txt").write_text("not data")
    write_csv(tmp_path / "cells" / ".drive_3.csv", seed=21)
    (tmp_path / "cells" / "picture.png").write_bytes(b"x")
    return tmp_path / "cells"


def resolve_roles(folder: Path, **spec: Any) -> dict[str, str]:
    """Role by file name; entries are relative to `folder`."""
    lists = {key: [str(folder / entry) for entry in value] for key, value in spec.items() if isinstance(value, list)}
    role_by_path = resolve_files(DataSetSpec.model_validate(spec | lists))
    return {path.name: role for path, role in role_by_path.items()}


def resolution_error(folder: Path, **spec: Any) -> VestimError:
    with pytest.raises(VestimError) as error_info:
        resolve_roles(folder, **spec)
    assert "\n" not in error_info.value.message
    return error_info.value


def test_roles_by_file_and_by_pattern_in_natural_order(cells: Path) -> None:
    assert list(resolve_roles(cells, train=["*drive_*.csv"], validation=["charge_1.csv"]).items()) == [
        ("drive_1.csv", "train"),
        ("drive_2.csv", "train"),
        ("drive_10.csv", "train"),
        ("charge_1.csv", "validation"),
    ]


def test_a_file_without_a_role_is_for_training(cells: Path) -> None:
    role_by_name = resolve_roles(cells, files=[""], validation=["drive_1*.csv"], test=["charge_?.csv"])
    assert {name for name, role in role_by_name.items() if role == "train"} == {"drive_2.csv"}
    assert {name for name, role in role_by_name.items() if role == "validation"} == {"drive_1.csv", "drive_10.csv"}


def test_patterns_reach_into_folders_and_existing_names_are_literal(cells: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "deep" / "er" / "drive [1].csv", seed=30)
    role_by_name = resolve_roles(tmp_path, train=["deep/er/drive [1].csv"], validation=["**/charge*.csv"])
    assert role_by_name == {"drive [1].csv": "train", "charge_1.csv": "validation"}


def test_a_pattern_without_matches_is_an_error(cells: Path) -> None:
    assert "matches no file" in resolution_error(cells, train=["cycle_*"], validation=["charge_1.csv"]).message
    assert "none of which can be read" in resolution_error(cells, train=["*.png"], validation=["charge_1.csv"]).message
    assert resolution_error(cells, train=["gone.csv"], validation=["charge_1.csv"]).code is ErrorCode.NOT_FOUND


def test_a_file_in_two_roles_is_rejected(cells: Path) -> None:
    error = resolution_error(cells, train=["drive_*.csv"], validation=["drive_1.csv"])
    assert "drive_1.csv" in error.message and "a split inside a file is refused" in error.message


def test_an_empty_role_is_rejected(cells: Path) -> None:
    assert (
        "no file is left for train"
        in resolution_error(cells, files=["drive_1.csv"], validation=["drive_1.csv"]).message
    )


def test_a_split_fills_the_named_roles(cells: Path) -> None:
    role_by_name = resolve_roles(cells, files=[""], split={"validation": 0.25, "test": 1})
    assert sorted(role_by_name.values()) == ["test", "train", "train", "validation"]
    assert role_by_name == resolve_roles(cells, files=["*.csv"], split={"validation": 1, "test": 0.25})
    results = {
        tuple(resolve_roles(cells, files=[""], split={"validation": 1, "seed": seed}).items()) for seed in range(30)
    }
    assert len(results) == 4, "every file is the validation file for some seed"


def test_files_with_an_explicit_role_are_not_split(cells: Path) -> None:
    role_by_name = resolve_roles(cells, files=[""], test=["charge_1.csv"], split={"validation": 1})
    assert role_by_name["charge_1.csv"] == "test"
    assert sorted(role_by_name.values()) == ["test", "train", "train", "validation"]


@pytest.mark.parametrize(
    ("split", "role"),
    [
        ({"validation": 0.1}, "validation"),
        ({"validation": 1, "test": 0.1}, "test"),
        ({"validation": 4}, "train"),
        ({"validation": 2, "test": 9}, "train"),
    ],
)
def test_a_split_with_an_empty_role_is_rejected(cells: Path, split: dict[str, float], role: str) -> None:
    error = resolution_error(cells, files=[""], split=split)
    assert f"the split leaves no file for {role}" in error.message and "4 files" in error.message


def test_one_file_cannot_be_split(cells: Path) -> None:
    assert "split by whole files" in resolution_error(cells, files=["drive_1.csv"], split={"validation": 0.5}).message


@given(count=st.integers(3, 60), share=st.floats(0.2, 0.4), test_count=st.integers(1, 1), seed=st.integers(0, 2**40))
def test_a_split_assigns_every_file_once_regardless_of_its_folder(
    count: int, share: float, test_count: int, seed: int
) -> None:
    split = Split(validation=share, test=test_count, seed=seed)
    first = split_files([Path(f"/a/{index}.csv") for index in range(count)], split)
    second = split_files([Path(f"/b/c/{index}.csv") for index in range(count)], split)
    assert [*first.values()] == [*second.values()]
    assert sum(role == "validation" for role in first.values()) == int(share * count + 0.5)
    assert sum(role == "test" for role in first.values()) == test_count


def test_an_added_file_moves_few_others() -> None:
    paths = [Path(f"/{index}.csv") for index in range(100)]
    split = Split(validation=20, seed=3)
    original_split, extended_split = split_files(paths, split), split_files([*paths, Path("/new.csv")], split)
    assert sum(original_split[path] != extended_split[path] for path in paths) <= 1


def test_files_of_the_same_name_are_split_independently() -> None:
    paths = [Path(f"/{index}/x.csv") for index in range(20)]
    splits = [split_files(paths, Split(validation=5, seed=seed)) for seed in range(20)]
    assert len({tuple(split.values()) for split in splits}) == 20


def test_files_of_the_same_name_are_distinguished(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "x.csv", tmp_path / "b" / "X.csv", tmp_path / "y.csv"]
    names = dict(zip(paths, distinct_names(paths), strict=True))
    (finding,) = find_same_names(names)
    assert finding.code == "set.same_name" and str(paths[1]) in finding.message and finding.file == "x.csv"
    flip = Repair(kind="flip", parameters={"column": "current_A"})
    same_named = [tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"]
    with pytest.raises(VestimError, match="give the whole path"):
        resolve_repairs([FileRepair(file="x.csv", repair=flip)], same_named)
    with pytest.raises(VestimError, match="not among the files"):
        resolve_repairs([FileRepair(file="z.csv", repair=flip)], same_named)
    resolved_repairs = resolve_repairs([FileRepair(file=str(same_named[1]), repair=flip)], same_named)
    assert (
        select_repairs(resolved_repairs, same_named[1]) == [flip]
        and select_repairs(resolved_repairs, same_named[0]) == []
    )
    assert resolve_repairs([FileRepair(file="b/x.csv", repair=flip)], same_named) == resolved_repairs
    assert resolve_repairs([FileRepair(file="y.csv", repair=flip)], paths)[0].file == str(paths[2])


def test_a_finding_is_accepted_for_its_own_file_only(tmp_path: Path) -> None:
    same_named = [tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"]
    names = dict(zip(same_named, distinct_names(same_named), strict=True))
    findings = [Finding(code="b", severity=Severity.ERROR, message="e", file=name) for name in names.values()]
    accept = FileRepair(file=str(same_named[1]), repair=Repair(kind="accept", parameters={"code": "b"}))
    assert [finding.file for finding in unaccepted_findings(findings, [accept], names)] == ["a/x.csv"]


def test_contradicting_mappings_are_rejected() -> None:
    a, b = Path("/a.csv"), Path("/b.csv")
    assert merge_mappings({a: {"voltage_V": "U"}, b: {"current_A": "I"}}) == {"voltage_V": "U", "current_A": "I"}
    with pytest.raises(VestimError, match=r'remembered as "U" for files like "a\.csv" and as "V"'):
        merge_mappings({a: {"voltage_V": "U"}, b: {"voltage_V": "V"}})


def test_findings_are_filtered_limited_and_sorted_by_severity() -> None:
    findings = [
        Finding(code="a", severity=Severity.INFO, message="i", file="x.csv"),
        Finding(code="b", severity=Severity.ERROR, message="e", file="x.csv"),
    ]
    accept = FileRepair(file="/d/x.csv", repair=Repair(kind="accept", parameters={"code": "b"}))
    assert [finding.code for finding in worst_findings(findings)] == ["b", "a"]
    assert [finding.code for finding in unaccepted_findings(findings, [accept], {Path("/d/x.csv"): "x.csv"})] == ["a"]
    long_finding = Finding(code="c", severity=Severity.ERROR, message="x" * (MAX_FINDING_BYTES // 3))
    assert len(worst_findings([long_finding] * 5)) == 2
