"""Write the generated parts of the documents: `python docs/generate.py`; with `--check`, say which are out of date.

Generated parts stand between `<!-- generated: NAME -->` and `<!-- end -->`; everything else is written by hand.
The arrows come from the import contracts in `setup.cfg`, methods and parameters from the protocol's table.
"""

from __future__ import annotations

import configparser
import re
import sys
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

from vestim_core.protocol.method_table import METHODS, Method

DOCS = Path(__file__).parent
_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# Geometry of the diagram in pixels: text of 13 px is legible at the width of a page.
_BOX_WIDTH, _BOX_HEIGHT, _COLUMN_GAP, _ROW_GAP, _MARGIN = 104, 34, 28, 64, 16
_ARROW_HEAD = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#566072"/></marker></defs>'
)


def package_arrows(setup_cfg: Path) -> dict[str, set[str]]:
    """Each package with the packages that it may import, from the `protected` contracts; `spec` is free to all."""
    parser = configparser.ConfigParser()
    parser.read(setup_cfg, encoding="utf-8")
    arrows: dict[str, set[str]] = {}
    for section in parser.sections():
        contract = parser[section]
        if not section.startswith("importlinter:contract:") or contract.get("type") != "protected":
            continue
        for imported in contract["protected_modules"].split():
            arrows.setdefault(_short(imported), set())
            for importer in contract["allowed_importers"].split():
                arrows.setdefault(_short(importer), set()).add(_short(imported))
    for package, imports in arrows.items():
        if package != "system":
            imports.add("spec")
    arrows["spec"] = set()
    return arrows


def packages_svg(arrows: dict[str, set[str]]) -> str:
    """Draw packages in layers, each above all that it imports; an arrow that others imply is left out."""
    layer = _layers(arrows)
    rows: dict[int, list[str]] = {}
    for package in sorted(arrows):
        rows.setdefault(layer[package], []).append(package)
    width = 2 * _MARGIN + max(len(row) for row in rows.values()) * (_BOX_WIDTH + _COLUMN_GAP) - _COLUMN_GAP
    height = 2 * _MARGIN + len(rows) * (_BOX_HEIGHT + _ROW_GAP) - _ROW_GAP
    corner: dict[str, tuple[float, float]] = {}
    for depth, row in rows.items():
        left = (width - len(row) * (_BOX_WIDTH + _COLUMN_GAP) + _COLUMN_GAP) / 2
        for index, package in enumerate(row):
            top = _MARGIN + (len(rows) - 1 - depth) * (_BOX_HEIGHT + _ROW_GAP)
            corner[package] = (left + index * (_BOX_WIDTH + _COLUMN_GAP), top)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif">',
        "<title>Packages and the imports allowed between them</title>",
        _ARROW_HEAD,
    ]
    for package, imported in _direct_arrows(arrows):
        (x1, y1), (x2, y2) = corner[package], corner[imported]
        start, end = (x1 + _BOX_WIDTH / 2, y1 + _BOX_HEIGHT), (x2 + _BOX_WIDTH / 2, y2)
        bend = (end[1] - start[1]) / 2
        lines.append(
            f'<path d="M{start[0]:g} {start[1]:g}C{start[0]:g} {start[1] + bend:g} {end[0]:g} {end[1] - bend:g} '
            f'{end[0]:g} {end[1]:g}" fill="none" stroke="#566072" marker-end="url(#tip)"/>'
        )
    for package, (x, y) in corner.items():
        lines.append(
            f'<rect x="{x:g}" y="{y:g}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6" fill="#DCE9FA" '
            f'stroke="#0B63C5"/><text x="{x + _BOX_WIDTH / 2:g}" y="{y + 22:g}" font-size="13" fill="#1B2330" '
            f'text-anchor="middle">{escape(package)}</text>'
        )
    return "\n".join([*lines, "</svg>", ""])


def packages_table(arrows: dict[str, set[str]]) -> str:
    """Render each package with its allowed imports and its importers."""
    rows = ["| package | may import | is imported by |", "|---|---|---|"]
    for package in sorted(arrows):
        importers = sorted(name for name, imports in arrows.items() if package in imports)
        rows.append(f"| `{package}` | {_codes(sorted(arrows[package]))} | {_codes(importers)} |")
    return "\n".join(rows)


def methods_table() -> str:
    """Render every method of the protocol with its REST route."""
    rows = ["| method | REST | changes something | reply |", "|---|---|---|---|"]
    for method in METHODS.values():
        cells = (
            f"[`{method.name}`](#{method.name})",
            f"`{method.http_method} {method.route}`",
            "yes" if method.is_mutating else "no",
            _cell(method.reply_description),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def parameters() -> str:
    """Render the parameters of every method that has some."""
    return "\n\n".join(_parameters_of(method) for method in METHODS.values())


def _parameters_of(method: Method) -> str:
    fields = method.params.model_fields
    heading = f"### `{method.name}` {{#{method.name}}}\n\n"
    if not fields:
        return f"{heading}No parameters."
    note = " ".join((method.params.__doc__ or "").split()) if method.params.__doc__ else ""
    schema = method.params.model_json_schema()
    rows = ["| parameter | type | default |", "|---|---|---|"]
    for name, field in fields.items():
        default = "required" if field.is_required() else f"`{schema['properties'][name].get('default', 'empty')!r}`"
        rows.append(f"| `{name}` | {_type_name(schema['properties'][name])} | {default} |")
    return heading + (f"{note}\n\n" if note else "") + "\n".join(rows)


def _type_name(schema: dict[str, object]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if isinstance(schema.get("anyOf"), list):
        return " or ".join(_type_name(part) for part in schema["anyOf"])  # type: ignore[attr-defined]
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        return f"array of {_type_name(schema['items'])}"  # type: ignore[arg-type]
    return str(schema.get("type", "any"))


def _layers(arrows: dict[str, set[str]]) -> dict[str, int]:
    layer: dict[str, int] = {}
    for package in TopologicalSorter(arrows).static_order():
        layer[package] = 1 + max((layer[imported] for imported in arrows[package]), default=-1)
    return layer


def _direct_arrows(arrows: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Yield the arrows that no path of other arrows implies."""

    def reachable(package: str) -> set[str]:
        return arrows[package].union(*(reachable(imported) for imported in arrows[package]))

    for package, imports in sorted(arrows.items()):
        implied = set().union(*(reachable(imported) for imported in imports))
        yield from ((package, imported) for imported in sorted(imports - implied))


def _short(module: str) -> str:
    return module.removeprefix("vestim_core.")


def _codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PARTS: dict[str, Callable[[], str]] = {
    "packages": lambda: packages_table(package_arrows(DOCS.parent / "setup.cfg")),
    "methods": methods_table,
    "parameters": parameters,
}


def generated_files() -> dict[Path, str]:
    """Return each document with generated parts, and the diagram, as they ought to be."""
    files = {DOCS / "packages.svg": packages_svg(package_arrows(DOCS.parent / "setup.cfg"))}
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        files[path] = _PART.sub(lambda part: f"{part[1]}\n{PARTS[part['name']]()}\n\n{part[3]}", text)
    return files


def main() -> int:
    """Write what differs, or name it with `--check`; the exit code is 1 when something differed there."""
    check = "--check" in sys.argv
    files = generated_files()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        outcome = "is out of date: run 'python docs/generate.py'" if check else "was written"
        print(f"{path.relative_to(DOCS.parent)} {outcome}")
        if not check:
            path.write_text(files[path], encoding="utf-8")
    return int(bool(stale) and check)


if __name__ == "__main__":
    sys.exit(main())
