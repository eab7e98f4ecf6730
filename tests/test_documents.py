"""The documents are true as far as a program can tell: generated parts, named files, commands and examples."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from vestim_core.cli.main import COMMANDS
from vestim_core.spec.job import validate_job

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
PROJECT_PATH = re.compile(r"`((?:vestim_core|vestim_gui|tests|docs|assets)/[\w./-]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
TOML_BLOCK = re.compile(r"```toml\n(.*?)```", re.DOTALL)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_up_to_date(generator: ModuleType) -> None:
    stale = [relative(path) for path, text in generator.generated_files().items() if path.read_text("utf-8") != text]
    assert not stale, f"run 'python docs/generate.py' and commit: {', '.join(stale)}"


def test_the_diagram_shows_every_package_that_exists(generator: ModuleType) -> None:
    packages = {path.parent.name for path in ROOT.glob("vestim_core/*/__init__.py")} | {"vestim_gui"}
    assert set(generator.package_arrows(ROOT / "setup.cfg")) == packages


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_named_files_and_linked_pages_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    missing = [path for path in PROJECT_PATH.findall(text) if not (ROOT / path).exists()]
    missing += [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    assert not missing


def test_the_guide_lists_every_command() -> None:
    guide = " ".join(path.read_text("utf-8") for path in (ROOT / "docs" / "guide").glob("*.md"))
    listed = {word for code in re.findall(r"`([^`\n]+)`", guide) for word in re.findall(r"[a-z][a-z-]+", code)}
    assert sorted(set(COMMANDS) - listed) == []


@pytest.mark.parametrize("document", ["docs/guide/job_file.md", "docs/file_formats.md"])
def test_examples_of_job_files_are_valid(document: str) -> None:
    examples = [tomllib.loads(block) for block in TOML_BLOCK.findall((ROOT / document).read_text("utf-8"))]
    assert examples
    for example in examples:
        validate_job({"data": {"train": ["a.csv"], "validation": ["b.csv"]}, **example})
