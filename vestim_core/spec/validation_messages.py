"""User-facing messages for pydantic's validation errors: one short sentence each, with the value where that helps."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

MIN_SIMILARITY = 0.6
"""Ratio of `difflib` from which a setting counts as misspelled: one letter off gives 0.8 and more, `batch_sise` 0.9;
unrelated settings of one section stay below 0.55."""


def validation_message(details: Any, known_settings: Collection[str] = ()) -> str:
    """Message for one entry of `ValidationError.errors()`. known_settings: names that the section has."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "grid":  # its message is final already
        return str(context["message"])
    if kind == "extra_forbidden":
        nearest = get_close_matches(str(details["loc"][-1]), known_settings, 1, MIN_SIMILARITY)
        if nearest:
            return f"there is no such setting: did you mean '{nearest[0]}'?"
        return "there is no such setting: check its spelling and its section"
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_invalid":
        return f"'{context['tag']}' is not one of {context['expected_tags']}"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"is no table of settings{_value_suffix(details['input'])}"
    message = str(details["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return message
    message = message.removeprefix("Input ").replace("List should", "should").replace(" after validation", "")
    return f"{message[:1].lower()}{message[1:]}{_value_suffix(details['input'])}"


def _value_suffix(value: Any) -> str:
    text = repr(value)
    return f" (given: {text if len(text) <= 60 else text[:57] + '...'})"
