"""Grids: where a field takes one value a list means several, where a field is itself a list, a list of lists does.

`alternatives` is a pure function from a type and a document to the concrete documents it stands for. Parameters that
belong only to a kind that is not chosen (another optimiser, schedule, method) never multiply and never disturb; a key
that no kind knows is left in place, so that validation refuses it by name. A model with `only_own_settings`, when it is
the only kind chosen, has other kinds' keys refused too.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from vestim_core.spec.sentences import sentence

MAX_CHOICES = 10_000
TOO_MANY = f"makes more than {MAX_CHOICES} combinations: shorten the lists"
T = TypeVar("T")


class Grid(Generic[T]):
    """A part of a spec as it was written (`document`) and all that it stands for (`choices`), in order.

    Stored and sent as the document alone. Errors of every choice are reported together, each once, with its path.
    """

    __slots__ = ("choices", "document")

    def __init__(self, document: Any, choices: tuple[T, ...]) -> None:
        self.document = document
        self.choices = choices

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.choices == other.choices

    __hash__ = None  # type: ignore[assignment]  # what is equal may be written differently

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
            return cls(document, tuple(_validated(adapter, kind, document)))

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda grid: grid.document)
        )


def to_document(value: Any) -> Any:
    """Plain values of a model, or of containers of models; what is plain already stays."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Grid):
        return value.document
    if isinstance(value, list | tuple):
        return [to_document(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_document(item) for key, item in value.items()}
    return value


def _validated(adapter: TypeAdapter[Any], kind: Any, document: Any) -> Iterator[Any]:
    problems: dict[tuple[Any, str], InitErrorDetails] = {}
    valid: list[Any] = []
    for count, choice in enumerate(alternatives(kind, document)):
        if count >= MAX_CHOICES:
            raise ValueError(TOO_MANY)
        try:
            valid.append(adapter.validate_python(choice))
        except ValidationError as error:
            for line in error.errors():
                message = sentence(line)
                # pydantic formats templates with braces, so the finished sentence is passed as a value
                custom = PydanticCustomError("grid", "{sentence}", {"sentence": message})
                detail = InitErrorDetails(type=custom, loc=_field_path(line["loc"], kind), input=line["input"])
                problems.setdefault((detail["loc"], message), detail)
    if problems:
        raise ValidationError.from_exception_data("spec", list(problems.values()))
    yield from valid


def _field_path(loc: tuple[int | str, ...], kind: Any) -> tuple[int | str, ...]:
    """A location without the tags that pydantic puts in for the chosen member of a union."""
    path: list[int | str] = []
    for part in loc:
        members = _members(kind) if kind is not None else ()
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


def alternatives(kind: Any, document: Any) -> Iterator[Any]:
    """Every concrete document of type `kind` that `document` stands for, the last field varying fastest."""
    members = _members(kind)
    if members:
        yield from _of_models(members, document)
    elif (item := _item_type(kind)) is not None:
        yield from _of_list(item, document)
    else:
        value = parse_text(document) if isinstance(document, str) and not _is_text(kind) else document
        if isinstance(value, str) and _is_text(kind) and "," in value:
            parts = _parts(value)
            value = parts if len(parts) > 1 else parts[0]
        yield from value if isinstance(value, list) and value else [value]


def _bounded(choices: Iterator[Any]) -> list[Any]:
    """The choices of one axis; one more than allowed shows that there are too many, and the rest is never made."""
    return list(islice(choices, MAX_CHOICES + 1))


def _of_models(members: tuple[type[BaseModel], ...], document: Any) -> Iterator[Any]:
    if isinstance(document, list):
        for item in document:
            yield from _of_models(members, item)
        return
    if isinstance(document, str):
        yield from (part.strip() for part in document.split(","))
        return
    if not isinstance(document, dict):
        yield document
        return
    tag = _tag(members)
    kinds = document.get(tag, members[0].model_fields[tag].default) if tag else None
    for chosen in kinds if isinstance(kinds, list) else [kinds]:
        member = next((m for m in members if tag is None or _tag_value(m, tag) == chosen), None)
        if member is None:
            yield {**document, cast(str, tag): chosen}
            continue
        strict = not isinstance(kinds, list) and getattr(member, "only_own_settings", False)
        foreign = {name for other in members for name in other.model_fields} - set(member.model_fields)
        foreign = set() if strict else foreign
        keys = [key for key in document if key not in foreign and key != tag]
        axes = [
            _bounded(alternatives(_field_type(member, key), document[key]))
            if key in member.model_fields
            else [document[key]]
            for key in keys
        ]
        for values in product(*axes):
            yield {**({tag: chosen} if tag else {}), **dict(zip(keys, values, strict=True))}


def _of_list(item: Any, document: Any) -> Iterator[Any]:
    value = document
    if isinstance(value, str):
        value = parse_lists(value, as_text=_is_text(item))
    if not isinstance(value, list) or not value:
        yield value
    elif _members(item):
        if all(isinstance(part, list) for part in value):
            for part in value:
                yield from _of_list(item, part)
        else:
            yield from (list(parts) for parts in product(*(_bounded(alternatives(item, part)) for part in value)))
    elif all(isinstance(part, list) for part in value):
        yield from value
    else:
        yield value


def parse_text(text: str) -> Any:
    """What is typed into a field of single values: `16, 32` is [16, 32], `16` is 16; what is no number stays text."""
    values = [_number(part.strip()) for part in text.split(",")]
    return values if len(values) > 1 else values[0]


def _parts(text: str) -> list[str]:
    """The parts of a text between its commas, leaving alone those in brackets: `lag(x, 2), y` has two."""
    parts, depth = [""], 0
    for sign in text:
        depth = max(0, depth + (sign == "(") - (sign == ")"))
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def parse_lists(text: str, *, as_text: bool = False) -> list[Any]:
    """What is typed into a field of lists: `64, 32; 128` is [[64, 32], [128]], `64, 32` is [64, 32]."""
    lists = [
        [part.strip() if as_text else _number(part.strip()) for part in group.split(",") if part.strip()]
        for group in text.split(";")
        if group.strip()
    ]
    return lists if len(lists) > 1 else (lists[0] if lists else [])


def _number(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _plain(kind: Any) -> Any:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _members(kind: Any) -> tuple[type[BaseModel], ...]:
    """The models that `kind` allows: one for a model, several for a union of models, none for anything else."""
    kind = _plain(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return (kind,)
    if get_origin(kind) in {Union, types.UnionType}:
        parts = [_plain(part) for part in get_args(kind)]
        if all(isinstance(part, type) and issubclass(part, BaseModel) for part in parts):
            return tuple(parts)
    return ()


def _item_type(kind: Any) -> Any:
    kind = _plain(kind)
    return get_args(kind)[0] if get_origin(kind) is list else None


def _field_type(model: type[BaseModel], name: str) -> Any:
    return model.model_fields[name].annotation


def _is_text(kind: Any) -> bool:
    kind = _plain(kind)
    if get_origin(kind) is Literal:
        return all(isinstance(value, str) for value in get_args(kind))
    return kind is str


def _tag(members: Iterable[type[BaseModel]]) -> str | None:
    """The field that tells the members of a union apart: the first whose type is one literal word in each."""
    members = tuple(members)
    for name, field in members[0].model_fields.items():
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
            return name
    return None


def _tag_value(model: type[BaseModel], tag: str | None) -> Any:
    return model.model_fields[tag].default if tag in model.model_fields else None
