"""JobSpec: what the user asks for, whole; and Trial: one combination of it with one seed, ready to be trained.

A valid `JobSpec` can be run: every combination of every grid has been validated, and all problems are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from vestim_core.spec.columns import check_steps
from vestim_core.spec.data import DataSpec
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.grid import MAX_CHOICES, Grid, to_document
from vestim_core.spec.model import METHODS, AnyModel, LstmModel, ModelSpec, model_title
from vestim_core.spec.preparation import Step, default_preparation
from vestim_core.spec.section import Section
from vestim_core.spec.sentences import sentence
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.testing import TestingSpec
from vestim_core.spec.training import AnyTraining, RowsTraining, StreamsTraining, TrainingSpec, WindowsTraining

SCHEMA_VERSION = 1
_METHOD_FIELDS = {
    "streams": set(StreamsTraining.model_fields),
    "windows": set(WindowsTraining.model_fields),
    "rows": set(RowsTraining.model_fields),
}


class Trial(Section):
    """One combination of a job's grids with one seed: exactly what one training task does."""

    schema_version: int = SCHEMA_VERSION
    title: str
    signals: SignalsSpec
    preparation: list[Step]
    model: ModelSpec
    training: TrainingSpec
    repetition: int = Field(ge=1)
    seed: int = Field(ge=0)


class JobSpec(Section):
    """One job: data, signals, preparation, one or several models, training, testing. Lists in fields make a grid."""

    schema_version: int = Field(SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION)
    name: str = Field("", max_length=200, title="Name", description="Name of the job; may be changed later.")
    data: DataSpec
    signals: Grid[SignalsSpec] = Field(default_factory=lambda: _default(SignalsSpec()))
    preparation: Grid[list[Step]] = Field(default_factory=lambda: _default(default_preparation()))
    model: list[Grid[ModelSpec]] = Field(default_factory=lambda: [_default(LstmModel())], min_length=1)
    training: list[Grid[TrainingSpec]] = Field(default_factory=list, validate_default=False)
    testing: TestingSpec = TestingSpec()
    max_parallel_tasks: int = Field(
        0, ge=0, title="Parallel tasks", description="At most this many tasks of the job at once; 0: as many as fit."
    )

    @model_validator(mode="before")
    @classmethod
    def _one_training_section_a_method(cls, document: Any) -> Any:
        """A training section that names no method stands for one section per method that the models need."""
        if not isinstance(document, Mapping):
            return document
        models = _as_list(document.get("model", {"kind": "lstm"}))
        plain = [model for model in map(to_document, models) if isinstance(model, Mapping)]
        kinds = [kind for model in plain for kind in _as_list(model.get("kind", "lstm"))]
        known = list(dict.fromkeys(kind for kind in kinds if isinstance(kind, str) and kind in METHODS))
        sections = [part for section in _as_list(document.get("training", {})) for part in _by_method(section, known)]
        return {**document, "model": models, "training": sections}

    @field_validator("preparation")
    @classmethod
    def _order(cls, grid: Grid[list[Step]]) -> Grid[list[Step]]:
        for steps in grid.choices:
            problems = check_steps(steps)
            if problems:
                more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
                raise ValueError(problems[0].sentence + more)
        return grid

    @model_validator(mode="after")
    def _every_model_has_its_training(self) -> Self:
        given = {training.method for grid in self.training for training in grid.choices}
        for number, grid in enumerate(self.model, 1):
            for model in grid.choices:
                if not given.intersection(METHODS[model.kind]):
                    raise ValueError(
                        f"model {number} ({model_title(model)}) is trained with method "
                        f"{' or '.join(repr(method) for method in METHODS[model.kind])}, but no training section has it"
                    )
        unused = given - {method for grid in self.model for model in grid.choices for method in METHODS[model.kind]}
        if unused:
            raise ValueError(f"training method '{min(unused)}' fits none of the models: remove that section")
        return self

    @model_validator(mode="after")
    def _number_of_trials(self) -> Self:
        models = [model for grid in self.model for model in grid.choices]
        runs_of = dict.fromkeys(_METHOD_FIELDS, 0)
        for training in (training for grid in self.training for training in grid.choices):
            runs_of[training.method] += training.repetitions
        runs = sum(runs_of[method] for model in models for method in METHODS[model.kind])
        count = len(self.signals.choices) * len(self.preparation.choices) * runs
        if count > MAX_CHOICES:
            raise ValueError(
                f"all grids and repetitions together make {count:,} combinations, at most {MAX_CHOICES:,} are allowed"
            )
        return self

    def to_document(self) -> dict[str, Any]:
        """Plain values; `JobSpec.model_validate` of it gives this spec again."""
        return self.model_dump(mode="json")

    def trials(self) -> list[Trial]:
        """Every training task: signals x preparation x model x its training, times repetitions, in that order."""
        combinations = list(self._combinations())
        changing = {
            kind: _changing_fields([documents for *_, documents in combinations if documents["model.kind"] == kind])
            for kind in METHODS
        }
        return [
            Trial(
                title=_title(model, documents, changing[model.kind], repetition, training.repetitions),
                signals=signals,
                preparation=steps,
                model=model,
                training=training,
                repetition=repetition,
                seed=training.seed + repetition - 1,
            )
            for signals, steps, model, training, documents in combinations
            for repetition in range(1, training.repetitions + 1)
        ]

    def _combinations(
        self,
    ) -> Iterator[tuple[SignalsSpec, list[Step], AnyModel, AnyTraining, dict[str, Any]]]:
        models = [model for grid in self.model for model in grid.choices]
        trainings = [training for grid in self.training for training in grid.choices]
        for signals, steps, model in product(self.signals.choices, self.preparation.choices, models):
            for training in trainings:
                if training.method in METHODS[model.kind]:
                    parts = {"signals": signals, "preparation": steps, "training": training, "model": model}
                    yield signals, steps, model, training, _flat(to_document(parts))


def validate_job(document: Any) -> JobSpec:
    """The spec that `document` describes, or one `VestimError` that lists every problem with its field path."""
    try:
        return JobSpec.model_validate(document)
    except ValidationError as error:
        raise spec_error(error) from None


def spec_error(error: ValidationError) -> VestimError:
    """pydantic's findings as one error of ours: the first as the sentence, all of them as problems."""
    problems = tuple({"place": _place(line["loc"]), "sentence": sentence(line)} for line in error.errors())
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    where = f"{first['place']}: " if first["place"] else ""
    return VestimError(
        ErrorCode.WRONG_INPUT, f"{where}{first['sentence']}{more}", place=first["place"], problems=problems
    )


def _place(loc: tuple[int | str, ...]) -> str:
    place = ""
    for part in loc:
        place += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if place else part)
    return place


def _default(value: Any) -> Grid[Any]:
    return Grid(to_document(value), (value,))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _by_method(section: Any, kinds: list[str]) -> list[Any]:
    """The section, or one for each method that these kinds of model need when it names none."""
    if isinstance(section, Grid):
        return [section]
    if not isinstance(section, Mapping) or "method" in section:
        return [section]
    known = set().union(*_METHOD_FIELDS.values())
    methods = list(dict.fromkeys(_method_for(kind, section) for kind in kinds))
    return [
        {
            "method": method,
            **{key: v for key, v in section.items() if key in _METHOD_FIELDS[method] or key not in known},
        }
        for method in methods or ["streams"]
    ]


def _method_for(kind: str, section: Mapping[str, Any]) -> str:
    """How a kind of model is trained by a section that does not say: the method that knows most of its fields."""
    return max(METHODS[kind], key=lambda method: len(_METHOD_FIELDS[method].intersection(section)))


def _flat(document: Any, path: str = "") -> dict[str, Any]:
    """Nested values by dotted path; lists of plain values stay whole."""
    if isinstance(document, dict):
        pairs = [(f"{path}.{key}" if path else str(key), value) for key, value in document.items()]
    elif isinstance(document, list) and any(isinstance(item, dict) for item in document):
        pairs = [(f"{path}[{number}]", value) for number, value in enumerate(document, 1)]
    else:
        return {path: document}
    return {key: leaf for name, value in pairs for key, leaf in _flat(value, name).items()}


def _changing_fields(combinations: list[dict[str, Any]]) -> set[str]:
    """Paths whose value is not the same in all combinations that have them."""
    values: dict[str, list[Any]] = {}
    for documents in combinations:
        for path, value in documents.items():
            values.setdefault(path, []).append(value)
    return {path for path, seen in values.items() if any(value != seen[0] for value in seen)}


def _title(model: AnyModel, documents: dict[str, Any], changing: set[str], repetition: int, repetitions: int) -> str:
    shown_by_model = {"model.sizes", "model.kind"}
    parts = [model_title(model)]
    for path in sorted(changing & set(documents) - shown_by_model):
        value = documents[path]
        text = (
            "+".join(map(str, value))
            if isinstance(value, list)
            else f"{value:g}"
            if isinstance(value, float)
            else str(value)
        )
        parts.append(f"{path.removesuffix('.kind').rpartition('.')[2]} {text}")
    if repetitions > 1:
        parts.append(f"rep {repetition}")
    return ", ".join(parts)
