"""Names and docstrings follow the style of the project: nouns, verb phrases, one module name for one concept."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("vestim_core", "vestim_gui")
MAX_BARE_SHARE = 5 / 1000
"""Of bound names; the rest is geometry (`left`) and the like. Comparable projects have 0 to 0.6 in 1,000."""
BARE_WORDS = {
    "found",
    "told",
    "said",
    "wanted",
    "known",
    "given",
    "kept",
    "made",
    "asked",
    "shown",
    "named",
    "needed",
    "one",
    "other",
    "whole",
    "own",
    "left",
    "inside",
    "before",
    "after",
    "where",
    "now",
    "place",
    "number",
    "words",
    "news",
    "mark",
    "faces",
    "beside",
    "talks",
    "brought",
    "later",
    "doors",
    "trouble",
    "keep",
    "twice",
    "usable",
    "room",
    "course",
    "doubts",
    "originals",
    "readings",
}
"""Participles, pronouns and adverbs that do not say what a variable holds."""
COUNTERPARTS = {
    "formula": "the grammar in spec; the column computed from it in data",
    "output_filter": "its settings in spec; the filter itself in evaluation",
    "testing": "the section of a job file in spec; the manager of that phase in jobs",
    "training": "the section of a job file in spec; the manager of that phase in jobs",
}
"""Module names that stand more than once, and why."""


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def bound_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module binds, with its line: definitions, parameters, variables, attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.alias(asname=str(name)):
                yield name, node.lineno


@pytest.mark.parametrize("package", PACKAGES)
def test_few_names_are_bare_participles_or_pronouns(package: str) -> None:
    total, offenders = 0, []
    for path in modules(package):
        for name, line in bound_names(ast.parse(path.read_text())):
            total += 1
            if name.strip("_").lower() in BARE_WORDS:
                offenders.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert total > 1000
    assert len(offenders) / total < MAX_BARE_SHARE, (
        f"{1000 * len(offenders) / total:.1f} of 1,000 names do not say what they hold:\n" + "\n".join(offenders)
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_no_docstring_opens_with_a_question_word(package: str) -> None:
    offenders = []
    for path in modules(package):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = ast.get_docstring(node) or ""
                if re.match(r"(What|Whether|How)\b", docstring):
                    line = getattr(node, "lineno", 1)
                    offenders.append(f"{path.relative_to(ROOT)}:{line}: {docstring.splitlines()[0]}")
    assert not offenders, "say what it does or is:\n" + "\n".join(offenders)


def test_no_two_modules_share_a_name_without_a_reason() -> None:
    paths_by_name: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in modules(package):
            if path.stem not in {"__init__", "__main__"}:
                paths_by_name[path.stem].append(str(path.relative_to(ROOT)))
    shared = {name: paths for name, paths in paths_by_name.items() if len(paths) > 1}
    offenders = [f"{name}: {', '.join(paths)}" for name, paths in sorted(shared.items()) if name not in COUNTERPARTS]
    assert not offenders, "rename them, or give the reason in COUNTERPARTS:\n" + "\n".join(offenders)
    unused = sorted(COUNTERPARTS.keys() - shared.keys())
    assert not unused, f"these stand once only: {unused}"
