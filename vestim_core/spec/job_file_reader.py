"""Reading of job files in TOML or JSON; errors name the file and, for syntax errors, the line.

Relative data paths are resolved against the job file's folder, so that a folder with both can be moved.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from vestim_core.spec.errors import VestimError, not_found, wrong_input

ROLES = ("train", "validation", "test")
MAX_JOB_FILE_BYTES = 4 << 20  # bytes: 4 MiB, the limit of a request (`protocol.limits.MAX_REQUEST_BYTES`)


def read_job_document(path: Path) -> dict[str, Any]:
    """Read a job file (.toml or .json) into plain values with absolute data paths, without validating it."""
    document = parse_document(_read_text(path), str(path), as_json=path.suffix.lower() == ".json")
    return with_absolute_paths(document, path.absolute().parent)


def read_legacy_settings(path: Path) -> dict[str, Any] | list[Any]:
    """Read a legacy settings file (JSON) into plain values, a table or a list."""
    settings = parse_json(_read_text(path), str(path))
    if not isinstance(settings, dict | list):
        raise wrong_input(f"'{path}' holds no settings", location=str(path))
    return settings


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_JOB_FILE_BYTES:
            raise wrong_input(
                f"'{path}' is larger than {MAX_JOB_FILE_BYTES >> 20} MiB: that is no job file", location=str(path)
            )
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise not_found(
            f"there is no job file '{path}': check the path, or write one with 'vestim new'", location=str(path)
        ) from None
    except UnicodeDecodeError:
        raise wrong_input(f"'{path}' is not UTF-8 text: save it as UTF-8", location=str(path)) from None
    except OSError as error:
        raise wrong_input(f"'{path}' cannot be read: {error.strerror or error}", location=str(path)) from None


def parse_document(text: str, name: str, *, as_json: bool = False) -> dict[str, Any]:
    """Parse TOML or JSON text into plain values. name: the name used in errors."""
    document = parse_json(text, name) if as_json else _parse_toml(text, name)
    if not isinstance(document, dict):
        raise wrong_input(f"'{name}' holds no settings: a job file is a table of sections", location=name)
    return document


def parse_json(text: str, name: str) -> Any:
    """Parse JSON text into plain values. name: the name used in errors."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise wrong_input(f"'{name}' is not valid JSON at line {error.lineno}: {error.msg}", location=name) from None
    except (ValueError, RecursionError):
        raise _unreadable_error("JSON", name) from None


def _parse_toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise wrong_input(f"'{name}' is not valid TOML: {error}", location=name) from None
    except (ValueError, RecursionError):
        raise _unreadable_error("TOML", name) from None


def _unreadable_error(kind: str, name: str) -> VestimError:
    message = (
        f"'{name}' is not {kind} that can be read: it is nested too deeply or holds a number of thousands of digits"
    )
    return wrong_input(message, location=name)


def with_absolute_paths(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the document with every relative data path resolved against `folder`."""
    data = document.get("data")
    if not isinstance(data, dict):
        return document
    absolute_paths = {
        role: [str(folder / _expand_user(path)) if isinstance(path, str) else path for path in paths]
        for role in ROLES
        if isinstance(paths := [data[role]] if isinstance(data.get(role), str) else data.get(role), list)
    }
    return {**document, "data": {**data, **absolute_paths}}


def _expand_user(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise wrong_input(
            f"'{path}' names the home of a user that is not known here: write the whole path", location=path
        ) from None
