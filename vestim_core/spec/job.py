"""JobSpec, the complete specification of a job, and Trial, one combination of its grids with one seed.

A valid `JobSpec` can be run: all combinations of all grids are validated, and all problems are reported together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from vestim_core.spec.data import DataSpec
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.grid import MAX_COMBINATIONS, Grid, settings_at, to_document
from vestim_core.spec.model import TRAINING_METHODS, AnyModel, LstmModel, ModelSpec, model_title
from vestim_core.spec.preparation import Step, default_preparation
from vestim_core.spec.schema_upgrade import SCHEMA_VERSION, upgrade_job, upgrade_versioned
from vestim_core.spec.section import Section
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.step_columns import check_steps
from vestim_core.spec.testing import TestingSpec
from vestim_core.spec.training import AnyTraining, RowsTraining, TbpttTraining, TrainingSpec, WindowsTraining
from vestim_core.spec.validation_messages import validation_message

_METHOD_FIELDS = {
    "tbptt": set(TbpttTraining.model_fields),
    "windows": set(WindowsTraining.model_fields),
    "rows": set(RowsTraining.model_fields),
}


class Trial(Section):
    """One combination of a job's grids with one seed: the settings of one training task."""

    schema_version: int = SCHEMA_VERSION
    title: str
    signals: SignalsSpec
    preparation: list[Step]
    model: ModelSpec
    training: TrainingSpec
    repetition: int = Field(ge=1)
    seed: int = Field(ge=0)

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Read trials that earlier versions stored."""
        return upgrade_versioned(record)


class JobSpec(Section):
    """A job: data, signals, preparation, one or several models, training, testing. Lists in fields make a grid."""

    schema_version: int = Field(SCHEMA_VERSION, ge=1)
    name: str = Field("", max_length=200, title="Name", description="Name of the job; may be changed later.")
    data: DataSpec
    signals: Grid[SignalsSpec] = Field(default_factory=lambda: _default_grid(SignalsSpec()))
    preparation: Grid[list[Step]] = Field(default_factory=lambda: _default_grid(default_preparation()))
    model: list[Grid[ModelSpec]] = Field(default_factory=lambda: [_default_grid(LstmModel())], min_length=1)
    training: list[Grid[TrainingSpec]] = Field(default_factory=list, validate_default=False)
    testing: TestingSpec = TestingSpec()
    max_parallel_tasks: int = Field(
        0, ge=0, title="Parallel tasks", description="At most this many tasks of the job at once; 0: as many as fit."
    )

    @model_validator(mode="before")
    @classmethod
    def _split_training_by_method(cls, document: Any) -> Any:
        """Replace a training section without a method by one section per method that the models need."""
        if not isinstance(document, Mapping):
            return document
        document = upgrade_job(document).document
        models = _as_list(document.get("model", {"kind": "lstm"}))
        plain_models = [model for model in map(to_document, models) if isinstance(model, Mapping)]
        kinds = [kind for model in plain_models for kind in _as_list(model.get("kind", "lstm"))]
        known_kinds = list(dict.fromkeys(kind for kind in kinds if isinstance(kind, str) and kind in TRAINING_METHODS))
        sections = [
            part
            for section in _as_list(document.get("training", {}))
            for part in _sections_by_method(section, known_kinds)
        ]
        return {**document, "model": models, "training": sections}

    @field_validator("schema_version")
    @classmethod
    def _check_version(cls, version: int) -> int:
        if version > SCHEMA_VERSION:
            raise ValueError(
                f"is {version}, and this version of Vestim reads job files up to schema {SCHEMA_VERSION}: update Vestim"
            )
        return version

    @field_validator("preparation")
    @classmethod
    def _check_preparation(cls, grid: Grid[list[Step]]) -> Grid[list[Step]]:
        for steps in grid.choices:
            problems = check_steps(steps)
            if problems:
                more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
                raise ValueError(problems[0].message + more)
        return grid

    @model_validator(mode="after")
    def _check_training_methods(self) -> Self:
        methods = {training.method for grid in self.training for training in grid.choices}
        for index, grid in enumerate(self.model, 1):
            for model in grid.choices:
                if not methods.intersection(TRAINING_METHODS[model.kind]):
                    raise ValueError(
                        f"model {index} ({model_title(model)}) is trained with method "
                        f"{' or '.join(map(repr, TRAINING_METHODS[model.kind]))}, but no training section has it"
                    )
        unused_methods = methods - {
            method for grid in self.model for model in grid.choices for method in TRAINING_METHODS[model.kind]
        }
        if unused_methods:
            raise ValueError(f"training method '{min(unused_methods)}' fits none of the models: remove that section")
        return self

    @model_validator(mode="after")
    def _check_trial_count(self) -> Self:
        models = [model for grid in self.model for model in grid.choices]
        trials_by_method = dict.fromkeys(_METHOD_FIELDS, 0)
        for training in (training for grid in self.training for training in grid.choices):
            trials_by_method[training.method] += training.repetitions
        trials_per_preparation = sum(
            trials_by_method[method] for model in models for method in TRAINING_METHODS[model.kind]
        )
        trial_count = len(self.signals.choices) * len(self.preparation.choices) * trials_per_preparation
        if trial_count > MAX_COMBINATIONS:
            raise ValueError(
                f"all grids and repetitions together make {trial_count:,} combinations, "
                f"at most {MAX_COMBINATIONS:,} are allowed"
            )
        return self

    def to_document(self) -> dict[str, Any]:
        """Return plain values that `JobSpec.model_validate` turns back into this spec."""
        return self.model_dump(mode="json")

    def trials(self) -> list[Trial]:
        """List all trials: signals x preparation x model x training method x repetitions, in that order."""
        combinations = list(self._combinations())
        changing_paths = {
            kind: _changing_fields([documents for *_, documents in combinations if documents["model.kind"] == kind])
            for kind in TRAINING_METHODS
        }
        return [
            Trial(
                title=_title(model, documents, changing_paths[model.kind], repetition, training.repetitions),
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
                if training.method in TRAINING_METHODS[model.kind]:
                    parts = {"signals": signals, "preparation": steps, "training": training, "model": model}
                    yield signals, steps, model, training, _flatten(to_document(parts))


def validate_job(document: Any) -> JobSpec:
    """Validate a job document. Raises one `VestimError` that lists every problem with its field path."""
    try:
        return JobSpec.model_validate(document)
    except ValidationError as error:
        raise to_vestim_error(error, JobSpec) from None


def to_vestim_error(error: ValidationError, model: type[Section] | None = None) -> VestimError:
    """Convert pydantic's errors to one `VestimError`: the first is the message, all are listed as problems. model: what
    was validated, to name the nearest setting for an unknown one."""
    problems = tuple(
        {
            "location": _field_location(details["loc"]),
            "message": validation_message(details, settings_at(model, details["loc"][:-1])),
        }
        for details in error.errors()
    )
    first_problem = problems[0]
    suffix = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    prefix = f"{first_problem['location']}: " if first_problem["location"] else ""
    return VestimError(
        ErrorCode.WRONG_INPUT,
        f"{prefix}{first_problem['message']}{suffix}",
        location=first_problem["location"],
        problems=problems,
    )


def _field_location(path: tuple[int | str, ...]) -> str:
    location = ""
    for part in path:
        location += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if location else part)
    return location


def _default_grid(value: Any) -> Grid[Any]:
    return Grid(to_document(value), (value,))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _sections_by_method(section: Any, kinds: list[str]) -> list[Any]:
    """Split a section that names no method into one section per method that these kinds of model need."""
    if isinstance(section, Grid):
        return [section]
    if not isinstance(section, Mapping) or "method" in section:
        return [section]
    all_fields = set().union(*_METHOD_FIELDS.values())
    methods = list(dict.fromkeys(_method_for(kind, section) for kind in kinds))
    return [
        {
            "method": method,
            **{key: v for key, v in section.items() if key in _METHOD_FIELDS[method] or key not in all_fields},
        }
        for method in methods or ["tbptt"]
    ]


def _method_for(kind: str, section: Mapping[str, Any]) -> str:
    """Choose the training method for a kind of model: the method that defines most of the section's fields."""
    return max(TRAINING_METHODS[kind], key=lambda method: len(_METHOD_FIELDS[method].intersection(section)))


def _flatten(document: Any, path: str = "") -> dict[str, Any]:
    """Flatten nested values to dotted paths; lists of plain values are not split."""
    if isinstance(document, dict):
        pairs = [(f"{path}.{key}" if path else str(key), value) for key, value in document.items()]
    elif isinstance(document, list) and any(isinstance(item, dict) for item in document):
        pairs = [(f"{path}[{index}]", value) for index, value in enumerate(document, 1)]
    else:
        return {path: document}
    return {key: leaf for name, value in pairs for key, leaf in _flatten(value, name).items()}


def _changing_fields(combinations: list[dict[str, Any]]) -> set[str]:
    """Paths whose values differ between the combinations that have them."""
    values_by_path: dict[str, list[Any]] = {}
    for documents in combinations:
        for path, value in documents.items():
            values_by_path.setdefault(path, []).append(value)
    return {
        path for path, seen_values in values_by_path.items() if any(value != seen_values[0] for value in seen_values)
    }


def _title(model: AnyModel, documents: dict[str, Any], changing: set[str], repetition: int, repetitions: int) -> str:
    paths_in_model_title = {"model.sizes", "model.kind"}
    parts = [model_title(model)]
    for path in sorted(changing & set(documents) - paths_in_model_title):
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
