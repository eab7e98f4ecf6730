"""Template of a job file that `vestim new` prints, generated from the spec's titles, units, defaults and limits."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo

from vestim_core.spec.data import DataSpec
from vestim_core.spec.model import FnnModel, LstmModel
from vestim_core.spec.preparation import Resample, default_preparation
from vestim_core.spec.section import Section
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.testing import TestingSpec
from vestim_core.spec.toml import toml_value
from vestim_core.spec.training import RowsTraining, TbpttTraining

_HEAD = """\
# A Vestim job. Submit it with:  vestim submit THIS_FILE --follow
# Where a field takes one value, a list makes a grid: learning_rate = [0.005, 0.001] trains both.
# Where a field is itself a list, a list of lists does: sizes = [[64, 32], [128]].
# Relative paths are taken from this file's folder. Charge current is positive.

name = "my first job"
"""
_MORE_STEPS = [
    "",
    "# More steps may stand between the first and the last, in any order: butterworth, ema, moving_average,",
    "# savitzky_golay, formula, coulomb_soc, augment, pre_roll. A new column can be a feature. For example:",
    "# [[preparation]]",
    '# step = "ema"',
    '# column = "current_A"',
    '# output = "current_A_30s"',
    "# tau_s = 30.0",
]


def job_template() -> str:
    """Build a complete, valid job file in TOML; the user only has to fill in the data paths."""
    example_paths: dict[str, Any] = {"train": ["train"], "validation": ["validation"], "test": ["test"]}
    parts = [_HEAD, "[data]", *_lines(DataSpec, example_paths), "", "[signals]", *_lines(SignalsSpec)]
    for step in default_preparation():
        parts += ["", "[[preparation]]", *_lines(type(step))]
        parts += _MORE_STEPS if isinstance(step, Resample) else []
    parts += [
        "",
        '[[model]]                  # or kind = "gru"',
        *_lines(LstmModel),
        "",
        "[[model]]",
        *_lines(FnnModel),
    ]
    parts += ["", "[[training]]               # for recurrent models", *_lines(TbpttTraining)]
    parts += ["", "[[training]]               # for feed-forward models", *_lines(RowsTraining)]
    parts += ["", "[testing]", *_lines(TestingSpec), ""]
    return "\n".join(parts)


def _lines(section: type[Section], values: dict[str, Any] | None = None) -> list[str]:
    fields = sorted(section.model_fields.items(), key=lambda item: item[0] not in {"kind", "method", "step"})
    return [_line(name, field, (values or {}).get(name)) for name, field in fields]


def _line(name: str, field: FieldInfo, value: Any) -> str:
    displayed_value = field.get_default(call_default_factory=True) if value is None else value
    if isinstance(displayed_value, Section):
        displayed_value = displayed_value.model_dump(mode="json")
    extra = field.json_schema_extra
    unit = f" [{extra['unit']}]" if isinstance(extra, dict) and "unit" in extra else ""
    comment = f"  # {field.description}{unit}" if field.description else ""
    return f"# {name} = {comment}" if displayed_value is None else f"{name} = {toml_value(displayed_value)}{comment}"
