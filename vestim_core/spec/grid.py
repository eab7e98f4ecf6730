"""Grids: a list in a field of one value, or a list of lists in a list field, stands for several alternatives.

`expand_document` is a pure function from a type and a document to all concrete documents that it stands for. Parameters
that belong only to kinds that are not chosen (another optimizer, schedule, method) are ignored and never multiply. A
key that no kind knows is kept, so that validation rejects it by name. If a model with `rejects_foreign_settings` is the
only kind chosen, keys of other kinds are kept and rejected too.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from vestim_core.spec.validation_messages import validation_message

MAX_COMBINATIONS = 10_000  # combinations: the largest job that the daemon is designed for (architecture.md)
TOO_MANY_COMBINATIONS_MESSAGE = f"makes more than {MAX_COMBINATIONS} combinations: shorten the lists"
T = TypeVar("T")


class Grid(Generic[T]):
    """A part of a spec as written (`job_document`) and all validated alternatives it stands for (`choices`), in order.

    Only the document is stored and sent. Errors of all choices are reported together, without duplicates, by path.
    """

    __slots__ = ("choices", "document")

    def __init__(self, document: Any, choices: tuple[T, ...]) -> None:
        self.document = document
        self.choices = choices

    def __eq__(self, value: object) -> bool:
        return isinstance(value, Grid) and self.choices == value.choices

    __hash__ = None  # type: ignore[assignment]  # equal grids may have different documents

    def __repr__(self) -> str:
        return f"Grid({self.document!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        (kind,) = get_args(source)
        adapter: TypeAdapter[Any] = TypeAdapter(kind)

        def validate(value: Any) -> Grid[Any]:
            if isinstance(value, Grid):
                return value
            document = to_document(value)
            return cls(document, tuple(_validate_choices(adapter, kind, document)))

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda grid: grid.document)
        )


def to_document(value: Any) -> Any:
    """Convert models, also in containers, to plain values; plain values stay unchanged."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Grid):
        return value.document
    if isinstance(value, list | tuple):
        return [to_document(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_document(item) for key, item in value.items()}
    return value


def _validate_choices(adapter: TypeAdapter[Any], kind: Any, document: Any) -> Iterator[Any]:
    problems: dict[tuple[Any, str], InitErrorDetails] = {}
    choices: list[Any] = []
    for count, choice in enumerate(expand_document(kind, document)):
        if count >= MAX_COMBINATIONS:
            raise ValueError(TOO_MANY_COMBINATIONS_MESSAGE)
        try:
            choices.append(adapter.validate_python(choice))
        except ValidationError as error:
            for details in error.errors():
                message = validation_message(details, settings_at(kind, details["loc"][:-1]))
                # pydantic formats templates with braces, so the final message is passed as a value
                custom = PydanticCustomError("grid", "{message}", {"message": message})
                detail = InitErrorDetails(type=custom, loc=_field_path(details["loc"], kind), input=details["input"])
                problems.setdefault((detail["loc"], message), detail)
    if problems:
        raise ValidationError.from_exception_data("spec", list(problems.values()))
    yield from choices


def _field_path(loc: tuple[int | str, ...], kind: Any) -> tuple[int | str, ...]:
    """Remove from a location the tags that pydantic inserts for the chosen member of a union."""
    path: list[int | str] = []
    for part in loc:
        members = _union_members(kind) if kind is not None else ()
        if len(members) > 1 and part in {_tag_value(member, tag) for member in members for tag in [_tag(members)]}:
            kind = next(member for member in members if _tag_value(member, _tag(members)) == part)
            continue
        path.append(part)
        if isinstance(part, int):
            kind = _item_type(kind) if kind is not None else None
        elif members and any(part in member.model_fields for member in members):
            kind = next(_field_type(m, str(part)) for m in members if part in m.model_fields)
        else:
            kind = None
    return tuple(path)


def settings_at(kind: Any, loc: Sequence[int | str]) -> set[str]:
    """Names of the settings at a location inside of type `kind`: of all members where it is a union, none where it
    leads nowhere."""
    for part in loc:
        members = _union_members(kind)
        tagged = [member for member in members if len(members) > 1 and part == _tag_value(member, _tag(members))]
        if tagged:
            kind = tagged[0]
        elif isinstance(part, int):
            kind = _item_type(kind)
        else:
            kind = next((_field_type(m, part) for m in members if part in m.model_fields), None)
    return {name for member in _union_members(kind) for name in member.model_fields}


def expand_document(kind: Any, document: Any) -> Iterator[Any]:
    """Yield every concrete document of type `kind` that `job_document` stands for; the last field varies fastest."""
    members = _union_members(kind)
    if members:
        yield from _expand_models(members, document)
    elif (item := _item_type(kind)) is not None:
        yield from _expand_list(item, document)
    else:
        value = parse_values(document) if isinstance(document, str) and not _is_text(kind) else document
        if isinstance(value, str) and _is_text(kind) and "," in value:
            parts = _split_outside_brackets(value)
            value = parts if len(parts) > 1 else parts[0]
        yield from value if isinstance(value, list) and value else [value]


def _limited_choices(choices: Iterator[Any]) -> list[Any]:
    """List the choices of one axis, at most one more than allowed: that is enough to detect an excess."""
    return list(islice(choices, MAX_COMBINATIONS + 1))


def _expand_models(members: tuple[type[BaseModel], ...], document: Any) -> Iterator[Any]:
    if isinstance(document, list):
        for item in document:
            yield from _expand_models(members, item)
        return
    if isinstance(document, str):
        yield from (part.strip() for part in document.split(","))
        return
    if not isinstance(document, dict):
        yield document
        return
    tag = _tag(members)
    kinds = document.get(tag, members[0].model_fields[tag].default) if tag else None
    for chosen_kind in kinds if isinstance(kinds, list) else [kinds]:
        member = next((model for model in members if tag is None or _tag_value(model, tag) == chosen_kind), None)
        if member is None:
            yield {**document, cast(str, tag): chosen_kind}
            continue
        keeps_foreign = not isinstance(kinds, list) and getattr(member, "rejects_foreign_settings", False)
        foreign_names = {name for model in members for name in model.model_fields} - set(member.model_fields)
        foreign_names = set() if keeps_foreign else foreign_names
        keys = [key for key in document if key not in foreign_names and key != tag]
        axes = [
            _limited_choices(expand_document(_field_type(member, key), document[key]))
            if key in member.model_fields
            else [document[key]]
            for key in keys
        ]
        for values in product(*axes):
            yield {**({tag: chosen_kind} if tag else {}), **dict(zip(keys, values, strict=True))}


def _expand_list(item: Any, document: Any) -> Iterator[Any]:
    value = document
    if isinstance(value, str):
        value = parse_lists(value, as_text=_is_text(item))
    if not isinstance(value, list) or not value:
        yield value
    elif _union_members(item):
        if all(isinstance(part, list) for part in value):
            for part in value:
                yield from _expand_list(item, part)
        else:
            yield from (
                list(parts) for parts in product(*(_limited_choices(expand_document(item, part)) for part in value))
            )
    elif all(isinstance(part, list) for part in value):
        yield from value
    else:
        yield value


def parse_values(text: str) -> Any:
    """Parse text of a field of one value: `16, 32` gives [16, 32], `16` gives 16; anything but a number stays text."""
    values = [_parse_scalar(part.strip()) for part in text.split(",")]
    return values if len(values) > 1 else values[0]


def _split_outside_brackets(text: str) -> list[str]:
    """Split text at commas outside brackets: `lag(x, 2), y` gives two parts."""
    parts, depth = [""], 0
    for character in text:
        depth = max(0, depth + (character == "(") - (character == ")"))
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def parse_lists(text: str, *, as_text: bool = False) -> list[Any]:
    """Parse text of a list field: `64, 32; 128` gives [[64, 32], [128]], `64, 32` gives [64, 32]."""
    groups = [
        [part.strip() if as_text else _parse_scalar(part.strip()) for part in group_text.split(",") if part.strip()]
        for group_text in text.split(";")
        if group_text.strip()
    ]
    return groups if len(groups) > 1 else (groups[0] if groups else [])


def _parse_scalar(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _unwrap_annotated(kind: Any) -> Any:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _union_members(kind: Any) -> tuple[type[BaseModel], ...]:
    """List the models that `kind` allows: one for a model, several for a union of models, otherwise none."""
    kind = _unwrap_annotated(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return (kind,)
    if get_origin(kind) in {Union, types.UnionType}:
        parts = [_unwrap_annotated(part) for part in get_args(kind)]
        if all(isinstance(part, type) and issubclass(part, BaseModel) for part in parts):
            return tuple(parts)
    return ()


def _item_type(kind: Any) -> Any:
    kind = _unwrap_annotated(kind)
    return get_args(kind)[0] if get_origin(kind) is list else None


def _field_type(model: type[BaseModel], name: str) -> Any:
    return model.model_fields[name].annotation


def _is_text(kind: Any) -> bool:
    kind = _unwrap_annotated(kind)
    if get_origin(kind) is Literal:
        return all(isinstance(value, str) for value in get_args(kind))
    return kind is str


def _tag(members: Iterable[type[BaseModel]]) -> str | None:
    """Find the discriminator of a union: the first field whose type is a literal with a single value."""
    members = tuple(members)
    for name, field in members[0].model_fields.items():
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
            return name
    return None


def _tag_value(model: type[BaseModel], tag: str | None) -> Any:
    return model.model_fields[tag].default if tag in model.model_fields else None
