"""Each recipe of CONTRIBUTING.md works when it is followed literally, in a copy of the tree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "CONTRIBUTING.md"
COPIED_FOLDERS = ("vestim_core", "vestim_gui", "assets", "docs", "tests")
COPIED_FILES = ("setup.cfg", "setup.py", "pyproject.toml", "CONTRIBUTING.md")
SECTION = re.compile(r"^### (?P<title>.+)\n(?P<text>(?:(?!^##+ ).*\n)*)", re.MULTILINE)
BLOCK = re.compile(
    r"^```(?P<language>\w*)(?: title=\"(?P<path>[^\"]+)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
DIFF_HEADER = re.compile(r"--- a/(?P<old>\S+)\n\+\+\+ b/(?P<new>\S+)\n(?=@@\n)")
TEST_COMMAND = "./bootstrap test "


@dataclass(frozen=True)
class Block:
    """One fenced block of a recipe. path: file that it creates; empty for diffs and commands."""

    language: str
    path: str
    text: str


def recipes() -> dict[str, list[Block]]:
    """Blocks of every recipe, by its title."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("\n## Recipes\n")[2]
    return {
        section["title"]: [
            Block(block["language"], block["path"] or "", block["text"]) for block in BLOCK.finditer(section["text"])
        ]
        for section in SECTION.finditer(text)
    }


RECIPES = recipes()


# --- the copy


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of everything that recipes change or run."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in COPIED_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in COPIED_FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def apply_recipe(blocks: list[Block], tree: Path) -> list[str]:
    """Create and change files as the blocks say; return the paths of all of them."""
    paths = []
    for block in blocks:
        if block.path:
            assert not (tree / block.path).exists(), f"{block.path} exists already"
            (tree / block.path).write_text(block.text, encoding="utf-8")
            paths.append(block.path)
        elif block.language == "diff":
            paths.append(apply_diff(block.text, tree))
    return paths


def apply_diff(diff: str, tree: Path) -> str:
    """Apply the hunks of one file, whose old lines must stand there exactly once; return its path."""
    header = DIFF_HEADER.match(diff)
    assert header and header["old"] == header["new"], f"the diff has no header:\n{diff}"
    path = header["old"]
    text = (tree / path).read_text(encoding="utf-8")
    for hunk in diff[header.end() :].split("@@\n")[1:]:
        lines = hunk.splitlines(keepends=True)
        assert all(line[0] in " +-" for line in lines if line != "\n"), f"{path}: a line has no sign:\n{hunk}"
        old, new = ("".join(line[1:] or "\n" for line in lines if line[0] != sign) for sign in "+-")
        count = f"\n{text}".count(f"\n{old}")
        assert count == 1, f"{path}: the old lines of this hunk stand there {count} times:\n{hunk}"
        text = f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]
    (tree / path).write_text(text, encoding="utf-8")
    return path


def run_in(tree: Path, *arguments: str) -> None:
    """Run Python with these arguments in the copy, which comes first on its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["OMP_NUM_THREADS"] = "1"  # several threads are slower on networks this small
    environment["CI"] = "true"  # hypothesis then tolerates that it reads the copy's modules for the first time
    completed = subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, f"{shlex.join(arguments)}\n{completed.stdout[-6000:]}{completed.stderr[-6000:]}"


def pytest_arguments(blocks: list[Block]) -> Iterator[list[str]]:
    """Arguments for pytest of each test command of a recipe."""
    for block in blocks:
        for line in block.text.splitlines() if not block.language else ():
            assert line.startswith(TEST_COMMAND), f"not a test command: {line}"
            yield shlex.split(line.removeprefix(TEST_COMMAND))


# --- checks of the new things through public interfaces; they run in the copy


def check_vendor(folder: Path) -> None:
    from vestim_core.data.file_summary import sniff
    from vestim_core.data.readers import load_table

    path = folder / "cycle.csv"
    rows = "".join(f"{second},{4 - second / 100},{second / 10},25.5\n" for second in range(20))
    path.write_text(f"Acme cycler 3.0\nElapsed [s],Cell U [V],Cell I [A],Cell T [degC]\n{rows}", encoding="utf-8")
    assert sniff(path).vendor == "acme"
    table = load_table(path)
    assert (table.vendor, table.rows) == ("acme", 20)
    assert table.columns["current_A"][10] == -1.0, "discharge is negative in Vestim"


def check_step(folder: Path) -> None:
    import numpy as np

    from vestim_core.data.pipeline import Pipeline
    from vestim_core.data.table import Table
    from vestim_core.spec.job import validate_job
    from vestim_core.spec.template import job_template

    absolute = {"step": "absolute", "column": "current_A", "output": "load_A"}
    spec = validate_job(
        {
            "data": {"train": ["a.csv"], "validation": ["b.csv"]},
            "signals": {"features": ["soc", "load_A"], "target": "voltage_V"},
            "preparation": [{"step": "resample"}, absolute, {"step": "pre_roll"}, {"step": "normalize"}],
        }
    )
    trial = spec.trials()[0]
    columns = {
        "time_s": np.arange(50.0),
        "current_A": np.linspace(-3, 2, 50),
        "soc": np.linspace(1, 0.5, 50),
        "voltage_V": np.linspace(4, 3, 50),
    }
    table = Table(folder / "a.csv", "a.csv", "0" * 64, columns)
    pipeline = Pipeline.fit(trial.preparation, trial.signals, [table])
    arrays = Pipeline.from_json(pipeline.to_json()).apply(table)
    values = dict(zip(arrays.columns, arrays.physical.T, strict=True))
    assert np.array_equal(values["load_A"], np.abs(values["current_A"]))
    assert "absolute" in job_template()


def check_model(_folder: Path) -> None:
    from vestim_core.models.network_registry import build_model
    from vestim_core.spec.estimates import EstimateContext, estimate_job
    from vestim_core.spec.job import validate_job
    from vestim_core.spec.model import parameter_count
    from vestim_gui.detail.model_size import model_sizes

    document = {
        "data": {"train": ["a.csv"], "validation": ["b.csv"]},
        "model": {"kind": "linear", "output_max": [3.5, 4.2]},
        "training": {"batch_size": 100},
    }
    for trial in validate_job(document).trials():
        feature_count = len(trial.signals.features)
        network = build_model(trial.model, feature_count)
        actual = sum(weights.numel() for weights in network.parameters())
        assert actual == parameter_count(trial.model, feature_count) == feature_count + 1
        size = model_sizes(document)[trial.title]
        assert (trial.title.split(",")[0], size.parameters, size.macs) == ("LINEAR", actual, feature_count)
        assert estimate_job(document, EstimateContext({}))["parameters"] == {"min": actual, "max": actual}


def check_manager(_folder: Path) -> None:
    from vestim_core.jobs.job_container import JobContainer
    from vestim_core.spec.job import validate_job
    from vestim_core.spec.task import expand_tasks

    document = {"data": {"train": ["a.csv"], "validation": ["b.csv"]}}
    container = JobContainer("job_1", "job_1", document, "2026-01-01T00:00:00.000Z")
    container.replace_tasks(expand_tasks(validate_job(document)))
    phases = [manager["phase"] for manager in container.status()["managers"]]
    assert phases[-3:] == ["training", "baseline", "testing"]
    record = container.to_record()
    assert record["managers"]["baseline"]["state"] == "waiting"
    assert JobContainer.from_record(record).to_record() == record
    del record["managers"]["baseline"]
    assert "baseline" in JobContainer.from_record(record).to_record()["managers"], "a record of an earlier version"


def check_check(folder: Path) -> None:
    import numpy as np

    from vestim_core.data.checks import check_table
    from vestim_core.data.table import Table

    voltage_V = np.linspace(4, 3, 60)
    voltage_V[40:43] = -0.2
    table = Table(folder / "a.csv", "a.csv", "0" * 64, {"time_s": np.arange(60.0), "voltage_V": voltage_V})
    (finding,) = (finding for finding in check_table(table) if finding.code == "voltage.reversed")
    assert (finding.file, finding.column, finding.rows) == ("a.csv", "voltage_V", (40, 42))


CHECKS = {
    "Add a vendor": check_vendor,
    "Add a preparation step": check_step,
    "Add a model": check_model,
    "Add a manager": check_manager,
    "Add a check": check_check,
}


def check_in_copy(title: str, folder: Path) -> None:
    """Run the check of a recipe; the copy of the tree must be what is imported."""
    import vestim_core

    assert Path(vestim_core.__file__).parents[1] == Path.cwd(), f"{vestim_core.__file__} is not the copy"
    CHECKS[title](folder)


# --- tests


def test_every_recipe_has_a_check() -> None:
    assert list(RECIPES) == list(CHECKS)


@pytest.mark.parametrize("title", RECIPES)
def test_following_a_recipe_works(title: str, tree: Path, tmp_path: Path) -> None:
    paths = apply_recipe(RECIPES[title], tree)
    modules = [path for path in paths if path.endswith(".py")]
    run_in(tree, "-m", "ruff", "check", *modules)
    run_in(tree, "-m", "ruff", "format", "--check", *modules)
    script = "import sys, pathlib, tests.test_recipes as r; r.check_in_copy(sys.argv[1], pathlib.Path(sys.argv[2]))"
    run_in(tree, "-c", script, title, str(tmp_path))
    commands = list(pytest_arguments(RECIPES[title]))
    assert commands, "a recipe ends with the tests that check it"
    for arguments in commands:
        run_in(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
