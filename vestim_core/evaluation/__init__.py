"""Evaluation: predictions of prepared files, their errors in physical units, and the files that hold both.

Training validates with the same functions that testing uses, so their figures agree bit for bit. In a notebook:

    from vestim_core.evaluation import TrainedModel, examine, metrics_document, robustness

    model = TrainedModel.open("jobs/job_20261104-101112-ab3d/tasks/train_001/result")
    file = model.read("drive_9.csv")
    predicted_V = model.predict(file)                                # every row, rested pre-roll included
    result = examine(file, predicted_V, model.target)
    print(result.to_json())                                          # RMSE, MAE, max, R2, P95, P99, bias
    found = metrics_document({}, model.target, [result])             # bins, worst stretches, curves
    print(found["bins"]["test"]["soc"], found["worst"][0])
    table = robustness(model.predict, [file], model.pipeline)        # what errors of the sensors cost

Names are loaded when they are asked for: only `TrainedModel`, `RunningModel` and `predict` need torch, and importing
the package loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vestim_core.evaluation.alignment import align, label_check
    from vestim_core.evaluation.comparison import Comparison
    from vestim_core.evaluation.conformal import Band, coverage_report
    from vestim_core.evaluation.disturbances import BATTERY, robustness
    from vestim_core.evaluation.ensemble import Ensemble
    from vestim_core.evaluation.inference import predict
    from vestim_core.evaluation.metrics import errors
    from vestim_core.evaluation.report import evaluate, examine, metrics_document, overall, write_results
    from vestim_core.evaluation.running import RunningModel
    from vestim_core.evaluation.standalone import TrainedModel, read_new_file

__all__ = [
    "BATTERY",
    "Band",
    "Comparison",
    "Ensemble",
    "RunningModel",
    "TrainedModel",
    "align",
    "coverage_report",
    "errors",
    "evaluate",
    "examine",
    "label_check",
    "metrics_document",
    "overall",
    "predict",
    "read_new_file",
    "robustness",
    "write_results",
]

_HOMES = {
    "alignment": ("align", "label_check"),
    "comparison": ("Comparison",),
    "conformal": ("Band", "coverage_report"),
    "ensemble": ("Ensemble",),
    "inference": ("predict",),
    "metrics": ("errors",),
    "report": ("evaluate", "examine", "metrics_document", "overall", "write_results"),
    "running": ("RunningModel",),
    "disturbances": ("BATTERY", "robustness"),
    "standalone": ("TrainedModel", "read_new_file"),
}


def __getattr__(name: str) -> Any:
    """A public name, from the module that has it."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"vestim_core.evaluation.{home}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
