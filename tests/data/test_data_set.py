"""Files of a data set: by file, folder, pattern and split; repairs and mappings that fit; a sentence for the rest."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.samples import write_csv
from vestim_core.data.data_set import deal, files_of, one_mapping, same_names, worst_of
from vestim_core.data.file_repairs import repairs_for, repairs_of, still_open
from vestim_core.data.files import distinct_names
from vestim_core.spec.data import FileRepair
from vestim_core.spec.data_set import MAX_FINDING_BYTES, DataSetSpec, Split
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.finding import Finding, Repair, Severity


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    for number in (1, 2, 10):
        write_csv(tmp_path / "cells" / f"drive_{number}.csv", seed=number)
    write_csv(tmp_path / "cells" / "charge_1.csv", seed=20)
    (tmp_path / "cells" / "notes.txt").write_text("not data")
    write_csv(tmp_path / "cells" / ".drive_3.csv", seed=21)
    (tmp_path / "cells" / "picture.png").write_bytes(b"x")
    return tmp_path / "cells"


def roles(folder: Path, **spec: Any) -> dict[str, str]:
    """Role by file name; entries are taken from `folder`."""
    lists = {key: [str(folder / entry) for entry in value] for key, value in spec.items() if isinstance(value, list)}
    found = files_of(DataSetSpec.model_validate(spec | lists))
    return {path.name: role for path, role in found.items()}


def refusal(folder: Path, **spec: Any) -> VestimError:
    with pytest.raises(VestimError) as caught:
        roles(folder, **spec)
    assert "\n" not in caught.value.sentence
    return caught.value


def test_roles_by_file_and_by_pattern_in_natural_order(cells: Path) -> None:
    assert list(roles(cells, train=["*drive_*.csv"], validation=["charge_1.csv"]).items()) == [
        ("drive_1.csv", "train"),
        ("drive_2.csv", "train"),
        ("drive_10.csv", "train"),
        ("charge_1.csv", "validation"),
    ]


def test_a_file_whose_role_is_left_open_is_for_training(cells: Path) -> None:
    found = roles(cells, files=[""], validation=["drive_1*.csv"], test=["charge_?.csv"])
    assert {name for name, role in found.items() if role == "train"} == {"drive_2.csv"}
    assert {name for name, role in found.items() if role == "validation"} == {"drive_1.csv", "drive_10.csv"}


def test_patterns_reach_into_folders_and_take_names_as_they_stand(cells: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "deep" / "er" / "drive [1].csv", seed=30)
    found = roles(tmp_path, train=["deep/er/drive [1].csv"], validation=["**/charge*.csv"])
    assert found == {"drive [1].csv": "train", "charge_1.csv": "validation"}


def test_what_matches_nothing_is_said(cells: Path) -> None:
    assert "matches no file" in refusal(cells, train=["cycle_*"], validation=["charge_1.csv"]).sentence
    assert "none of which can be read" in refusal(cells, train=["*.png"], validation=["charge_1.csv"]).sentence
    assert refusal(cells, train=["gone.csv"], validation=["charge_1.csv"]).code is ErrorCode.NOT_FOUND


def test_one_file_has_one_role(cells: Path) -> None:
    error = refusal(cells, train=["drive_*.csv"], validation=["drive_1.csv"])
    assert "drive_1.csv" in error.sentence and "a split inside a file is refused" in error.sentence


def test_a_role_that_stays_empty_is_refused(cells: Path) -> None:
    assert "no file is left for train" in refusal(cells, files=["drive_1.csv"], validation=["drive_1.csv"]).sentence


def test_a_split_fills_the_roles_that_it_names(cells: Path) -> None:
    found = roles(cells, files=[""], split={"validation": 0.25, "test": 1})
    assert sorted(found.values()) == ["test", "train", "train", "validation"]
    assert found == roles(cells, files=["*.csv"], split={"validation": 1, "test": 0.25})
    others = {tuple(roles(cells, files=[""], split={"validation": 1, "seed": seed}).items()) for seed in range(30)}
    assert len(others) == 4, "every file is the validation file for some seed"


def test_files_with_a_role_of_their_own_are_not_split(cells: Path) -> None:
    found = roles(cells, files=[""], test=["charge_1.csv"], split={"validation": 1})
    assert found["charge_1.csv"] == "test"
    assert sorted(found.values()) == ["test", "train", "train", "validation"]


@pytest.mark.parametrize(
    ("split", "role"),
    [
        ({"validation": 0.1}, "validation"),
        ({"validation": 1, "test": 0.1}, "test"),
        ({"validation": 4}, "train"),
        ({"validation": 2, "test": 9}, "train"),
    ],
)
def test_a_split_that_leaves_a_role_empty_is_refused(cells: Path, split: dict[str, float], role: str) -> None:
    error = refusal(cells, files=[""], split=split)
    assert f"the split leaves no file for {role}" in error.sentence and "4 files" in error.sentence


def test_one_file_cannot_be_split(cells: Path) -> None:
    assert "split by whole files" in refusal(cells, files=["drive_1.csv"], split={"validation": 0.5}).sentence


@given(count=st.integers(3, 60), share=st.floats(0.2, 0.4), number=st.integers(1, 1), seed=st.integers(0, 2**40))
def test_every_file_is_dealt_out_once_wherever_it_lies(count: int, share: float, number: int, seed: int) -> None:
    split = Split(validation=share, test=number, seed=seed)
    here = deal([Path(f"/a/{n}.csv") for n in range(count)], split)
    there = deal([Path(f"/b/c/{n}.csv") for n in range(count)], split)
    assert [*here.values()] == [*there.values()]
    assert sum(role == "validation" for role in here.values()) == int(share * count + 0.5)
    assert sum(role == "test" for role in here.values()) == number


def test_one_file_more_moves_few_others() -> None:
    paths = [Path(f"/{n}.csv") for n in range(100)]
    split = Split(validation=20, seed=3)
    before, after = deal(paths, split), deal([*paths, Path("/new.csv")], split)
    assert sum(before[path] != after[path] for path in paths) <= 1


def test_files_of_one_name_are_dealt_out_each_by_itself() -> None:
    paths = [Path(f"/{n}/x.csv") for n in range(20)]
    splits = [deal(paths, Split(validation=5, seed=seed)) for seed in range(20)]
    assert len({tuple(split.values()) for split in splits}) == 20


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "x.csv", tmp_path / "b" / "X.csv", tmp_path / "y.csv"]
    names = dict(zip(paths, distinct_names(paths), strict=True))
    (finding,) = same_names(names)
    assert finding.code == "set.same_name" and str(paths[1]) in finding.sentence and finding.file == "x.csv"
    flip = Repair(kind="flip", parameters={"column": "current_A"})
    twice = [tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"]
    with pytest.raises(VestimError, match="give the whole path"):
        repairs_of([FileRepair(file="x.csv", repair=flip)], twice)
    with pytest.raises(VestimError, match="not among the files"):
        repairs_of([FileRepair(file="z.csv", repair=flip)], twice)
    whole = repairs_of([FileRepair(file=str(twice[1]), repair=flip)], twice)
    assert repairs_for(whole, twice[1]) == [flip] and repairs_for(whole, twice[0]) == []
    assert repairs_of([FileRepair(file="b/x.csv", repair=flip)], twice) == whole
    assert repairs_of([FileRepair(file="y.csv", repair=flip)], paths)[0].file == str(paths[2])


def test_a_finding_is_answered_for_its_own_file_only(tmp_path: Path) -> None:
    twice = [tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"]
    names = dict(zip(twice, distinct_names(twice), strict=True))
    found = [Finding(code="b", severity=Severity.ERROR, sentence="e", file=name) for name in names.values()]
    accept = FileRepair(file=str(twice[1]), repair=Repair(kind="accept", parameters={"code": "b"}))
    assert [finding.file for finding in still_open(found, [accept], names)] == ["a/x.csv"]


def test_mappings_that_contradict_each_other_are_refused() -> None:
    a, b = Path("/a.csv"), Path("/b.csv")
    assert one_mapping({a: {"voltage_V": "U"}, b: {"current_A": "I"}}) == {"voltage_V": "U", "current_A": "I"}
    with pytest.raises(VestimError, match=r'remembered as "U" for files like "a\.csv" and as "V"'):
        one_mapping({a: {"voltage_V": "U"}, b: {"voltage_V": "V"}})


def test_findings_are_answered_bounded_and_told_worst_first() -> None:
    found = [
        Finding(code="a", severity=Severity.INFO, sentence="i", file="x.csv"),
        Finding(code="b", severity=Severity.ERROR, sentence="e", file="x.csv"),
    ]
    accept = FileRepair(file="/d/x.csv", repair=Repair(kind="accept", parameters={"code": "b"}))
    assert [finding.code for finding in worst_of(found)] == ["b", "a"]
    assert [finding.code for finding in still_open(found, [accept], {Path("/d/x.csv"): "x.csv"})] == ["a"]
    long = Finding(code="c", severity=Severity.ERROR, sentence="x" * (MAX_FINDING_BYTES // 3))
    assert len(worst_of([long] * 5)) == 2
