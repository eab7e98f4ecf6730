"""Evaluation: predictions of prepared files, their errors in physical units, and the files that hold both.

Training validates with the functions that testing uses, so that their figures agree bit for bit. In a notebook:

    from vestim_core.evaluation import TrainedModel, examine, metrics_document, robustness

    model = TrainedModel.open("jobs/job_20261104-101112-ab3d/tasks/train_001/result")
    file = model.read("drive_9.csv")
    predicted_V = model.predict(file)                                # every row, rested pre-roll included
    result = examine(file, predicted_V, model.target)
    print(result.to_json())                                          # RMSE, MAE, max, R2, P95, P99, bias
    metrics = metrics_document({}, model.target, [result])           # bins, worst stretches, curves
    print(metrics["bins"]["test"]["soc"], metrics["worst"][0])
    table = robustness(model.predict, [file], model.pipeline)        # cost of sensor errors

Names are loaded on first use: importing the package loads nothing, and only `TrainedModel`, `RunningModel` and
`predict` need torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vestim_core.evaluation.alignment import align, label_check
    from vestim_core.evaluation.comparison import Comparison
    from vestim_core.evaluation.conformal import Band, coverage_report
    from vestim_core.evaluation.disturbances import STANDARD_DISTURBANCES, robustness
    from vestim_core.evaluation.ensemble import Ensemble
    from vestim_core.evaluation.evaluation_report import (
        evaluate,
        examine,
        metrics_by_role,
        metrics_document,
        write_results,
    )
    from vestim_core.evaluation.inference import predict
    from vestim_core.evaluation.metrics import error_metrics
    from vestim_core.evaluation.running_model import RunningModel
    from vestim_core.evaluation.trained_model import TrainedModel, read_new_file

__all__ = [
    "STANDARD_DISTURBANCES",
    "Band",
    "Comparison",
    "Ensemble",
    "RunningModel",
    "TrainedModel",
    "align",
    "coverage_report",
    "error_metrics",
    "evaluate",
    "examine",
    "label_check",
    "metrics_by_role",
    "metrics_document",
    "predict",
    "read_new_file",
    "robustness",
    "write_results",
]

_MODULES = {
    "vestim_core.evaluation.alignment": ("align", "label_check"),
    "vestim_core.evaluation.comparison": ("Comparison",),
    "vestim_core.evaluation.conformal": ("Band", "coverage_report"),
    "vestim_core.evaluation.ensemble": ("Ensemble",),
    "vestim_core.evaluation.inference": ("predict",),
    "vestim_core.evaluation.metrics": ("error_metrics",),
    "vestim_core.evaluation.evaluation_report": (
        "evaluate",
        "examine",
        "metrics_by_role",
        "metrics_document",
        "write_results",
    ),
    "vestim_core.evaluation.running_model": ("RunningModel",),
    "vestim_core.evaluation.disturbances": ("STANDARD_DISTURBANCES", "robustness"),
    "vestim_core.evaluation.trained_model": ("TrainedModel", "read_new_file"),
}


def __getattr__(name: str) -> Any:
    """Return a public name from its module."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
