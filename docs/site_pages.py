"""mkdocs hook: pages of the site that are files of the project's top folder, so that each text exists once."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_TOP = Path(__file__).parents[1]
_PAGES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
_DOCS_LINK = re.compile(r"\]\(docs/")
_TOP_LINK = re.compile(rf"\]\(({'|'.join(map(re.escape, _PAGES.values()))})")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the top folder's Markdown files and the README's pictures, with links as the site needs them."""
    for page, source in _PAGES.items():
        text = _DOCS_LINK.sub("](", (_TOP / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=_TOP_LINK.sub(_site_link, text)))
    for picture in sorted((_TOP / "assets" / "pictures").glob("*.png")):
        files.append(File.generated(config, f"assets/pictures/{picture.name}", abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Point links to the top folder's files at the pages made from them."""
    return re.sub(r"\]\(\.\./(README|CONTRIBUTING|CHANGELOG)\.md", _site_link, markdown)


def _site_link(match: re.Match[str]) -> str:
    source = match.group(1).removesuffix(".md") + ".md"
    return f"]({next(page for page, path in _PAGES.items() if path == source)}"
