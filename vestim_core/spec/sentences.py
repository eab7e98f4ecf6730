"""pydantic's findings in plain words: one short sentence a finding, that names the value where that helps."""

from __future__ import annotations

from typing import Any


def sentence(line: Any) -> str:
    """The words for one entry of `ValidationError.errors()`."""
    kind, context = line["type"], line.get("ctx", {})
    if kind == "grid":  # already a sentence
        return str(context["sentence"])
    if kind == "extra_forbidden":
        return "there is no such setting: check its spelling and its section"
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_invalid":
        return f"'{context['tag']}' is not one of {context['expected_tags']}"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"is no table of settings{_given(line['input'])}"
    message = str(line["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return message
    message = message.removeprefix("Input ").replace("List should", "should").replace(" after validation", "")
    return f"{message[:1].lower()}{message[1:]}{_given(line['input'])}"


def _given(value: Any) -> str:
    text = repr(value)
    return f" (given: {text if len(text) <= 60 else text[:57] + '...'})"
