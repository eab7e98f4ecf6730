"""The table of thresholds: complete, used, and with the false-alarm rates that the shared files show."""

from __future__ import annotations

import ast
import json
from fnmatch import fnmatch
from pathlib import Path

import pytest

from vestim_core.data.checks import CheckedFile, check_set, thresholds
from vestim_core.data.checks.thresholds import Threshold
from vestim_core.data.file_inspection import inspect_file
from vestim_core.spec.data import Role

TABLE = {name: entry for name, entry in vars(thresholds).items() if isinstance(entry, Threshold)}
CODES = {code for entry in TABLE.values() for code in entry.codes}
MODULES = [path for path in Path(thresholds.__file__).parent.glob("*.py") if path.name != "thresholds.py"]

WORK_LIMITS = {
    "_MAX_SHIFTS",
    "_SAMPLE_ROWS",
    "_DEVIATIONS_PER_MEDIAN",
    "_MAX_HITS",
    "_FINGERPRINT_ROWS",
    "_HEAD_BITS",
    "_HEAD_SHIFT",
    "_FACTOR",
    "_DOUBLINGS",
}
"""Numeric constants of the checks that bound work or belong to an algorithm, and decide no finding."""
GUARDS = {0, 1, 2, 3}
"""Numbers in comparisons that only make sure that a difference exists."""

SETS = {
    "tesla_m80": ("tesla_m80/*", 12),
    "panasonic_minus_10": ("panasonic_18650pf/-10degC_*", 6),
    "panasonic_0": ("panasonic_18650pf/0degC_*", 7),
    "panasonic_25": ("panasonic_18650pf/25degC_*", 8),
    "lg": ("lg_18650hg2/*_Mixed*", 14),
}
"""Files of `shared/data` that form one job, and their number."""
VENDOR_FILES = 23
ROLES: dict[str, Role] = {
    "*/18_*": "validation",
    "*Cycle_3*": "validation",
    "*Mixed5*": "validation",
    "*/25_CC*": "test",
    "*/29_CC*": "test",
    "*LA92*": "test",
}

TRUE_FINDINGS: dict[str, tuple[str, ...]] = {
    # rows 9:40281-47955 and 25:10148-10227 are listed faults; the others are single rows a few ms apart
    "time.tiny_steps": ("tesla_m80/9_*", "tesla_m80/25_*", "lg_18650hg2/*", "panasonic_18650pf/*"),
    # pauses above the 60 s at which the default preparation parts a file
    "time.gap": (
        "lg_18650hg2/n10_Mixed4.csv",
        "panasonic_18650pf/25degC_5Pulse_HPPC.mat",
        "panasonic_18650pf/25degC_C20_OCV.mat",
        "panasonic_18650pf/-10degC_LA92.mat",
        "panasonic_18650pf/0degC_LA92.mat",
        "panasonic_18650pf/0degC_NN.mat",
    ),
    "time.mixed_rates": ("panasonic_18650pf/25degC_5Pulse_HPPC.mat",),  # 10 Hz in pulses, 1 Hz otherwise
    "channel.lag": ("panasonic_18650pf/25degC_Cycle_2.mat",),  # one row late in every eighth of the file
    "channel.constant": ("tesla_m80/*", "panasonic_18650pf/25degC_*"),  # 90 % within 1.25 K at 25 degC
    "power.mismatch": ("tesla_m80/*",),  # a listed fault: the export averaged
    "temperature.first_sample": ("tesla_m80/10_*",),  # a listed fault: 5 K off
    "set.overlap": ("tesla_m80/*",),  # a listed fault: consecutive files overlap by 1 s
    "set.soc_jump": ("tesla_m80/10_*", "tesla_m80/12_*"),  # a listed fault: up to 0.75 %
    "set.same_file_twice": ("tesla_m80/18_*",),  # one test as MAT and as CSV
    "set.constant_temperature": ("tesla_m80/", "panasonic_18650pf/"),  # one chamber temperature
    "set.outside_training": ("*",),  # values beyond the training range, by definition
    "soc.missing": ("panasonic_18650pf/*",),  # SOC is not in these files
}
"""Files for which a finding is true, by code; every other one is a false alarm."""

FALSE_ALARMS: dict[str, dict[str, set[str]]] = {
    "tesla_m80": {},
    "panasonic_minus_10": {
        "channel.stuck": {"-10degC_Cycle_3.mat", "-10degC_NN.mat"},
        "temperature.first_sample": {"-10degC_LA92.mat"},
        "time.gap": {*(f"-10degC_Cycle_{cycle}.mat" for cycle in (1, 2, 3, 4)), "-10degC_NN.mat"},
    },
    "panasonic_0": {
        "channel.stuck": {"0degC_Cycle_2.mat", "0degC_Cycle_3.mat", "0degC_Cycle_4.mat", "0degC_NN.mat"},
        "temperature.first_sample": {"0degC_LA92.mat", "0degC_NN.mat"},
        "time.gap": {f"0degC_Cycle_{cycle}.mat" for cycle in (1, 2, 3, 4)},
    },
    "panasonic_25": {
        "channel.stuck": {f"25degC_Cycle_{cycle}.mat" for cycle in (2, 3, 4)},
        "time.gap": {*(f"25degC_Cycle_{cycle}.mat" for cycle in (1, 2, 3, 4)), "25degC_LA92.mat", "25degC_NN.mat"},
    },
    "lg": {
        "channel.stuck": {
            "10_Mixed1.csv",
            "10_Mixed2.csv",
            "n10_Mixed2.csv",
            "n10_Mixed3.csv",
            "n10_Mixed4.csv",
            "n10_Mixed5.csv",
        },
    },
    "vendor_examples": {},
}
"""Good files that raise a finding wrongly, by set and code."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_false_alarms_of_real_files(name: str, shared: Path) -> None:
    pattern, count = SETS[name]
    paths = sorted(path for path in (shared / "data").glob(pattern) if path.suffix in (".mat", ".csv"))
    folder = pattern.partition("/")[0]
    assert len(paths) == count
    findings, members = [], []
    for path in paths:
        table, file_findings = inspect_file(path)
        assert table is not None
        findings += file_findings
        key = f"{folder}/{path.name}"
        role = next((role for role_pattern, role in ROLES.items() if fnmatch(key, role_pattern)), "train")
        members.append(CheckedFile(table, role))
    findings += check_set(members)
    false_alarms: dict[str, set[str]] = {}
    for finding in findings:
        patterns = TRUE_FINDINGS.get(finding.code, ())
        is_true = any(fnmatch(f"{folder}/{finding.file}", true_pattern) for true_pattern in patterns)
        if finding.code in CODES and not is_true:
            false_alarms.setdefault(finding.code, set()).add(finding.file)
    assert false_alarms == FALSE_ALARMS[name]


@pytest.mark.slow
def test_false_alarms_of_vendor_examples(shared: Path) -> None:
    folder = shared / "vendor_examples"
    entries = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["files"]
    assert len(entries) == VENDOR_FILES
    false_alarms: dict[str, set[str]] = {}
    for entry in entries:
        table, findings = inspect_file(folder / entry["path"])
        assert table is not None
        true_codes = {*entry["findings_allowed"], *(finding["id"] for finding in entry.get("findings_expected", []))}
        for finding in findings:
            if finding.code in CODES and finding.code not in true_codes:
                false_alarms.setdefault(finding.code, set()).add(finding.file)
    assert false_alarms == FALSE_ALARMS["vendor_examples"]


@pytest.mark.parametrize("name", TABLE)
def test_each_rate_follows_from_the_false_alarms(name: str) -> None:
    codes = set(TABLE[name].codes)
    files = {
        (group, file)
        for group, by_code in FALSE_ALARMS.items()
        for code, names in by_code.items()
        if code in codes
        for file in names
    }
    real_files = sum(count for _, count in SETS.values())
    is_set_finding = all(code.startswith("set.") or code == "soc.missing" for code in codes)
    total = real_files if is_set_finding else real_files + VENDOR_FILES
    assert TABLE[name].false_alarms == f"{len(files)} of {total} files"


@pytest.mark.parametrize("name", TABLE)
def test_each_entry_is_complete_and_used(name: str) -> None:
    entry = TABLE[name]
    assert entry.unit and entry.codes and entry.source and entry.reason.endswith(".")
    assert any(f"thresholds.{name}.value" in path.read_text(encoding="utf-8") for path in MODULES)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_number_outside_of_the_table_decides_a_finding(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and _numbers(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert constants <= WORK_LIMITS
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name != "_duration_text"]
    comparisons = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Compare)]
    assert {number for node in comparisons for number in _numbers(node)} <= GUARDS


def _numbers(node: ast.AST) -> list[float]:
    """The numbers that are written in this part of the code."""
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, int | float) and not isinstance(part.value, bool)
    ]
