"""A small synthetic job folder in PyBattML's format, and the predictions of its model.

The weights are written by a separate process, since this package must not load torch.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

JOB_ID = "job_20250811-160000"
ARCHITECTURE, TASK = "FNN_2", "B100_Adam_LR_SLR_VP10_rep_1"
FEATURES, TARGET = ("SOC", "Current", "Temp"), "Voltage"
RANGES = {"Voltage": (3.0, 4.2), "SOC": (0.0, 1.0), "Current": (-2.0, 1.0), "Temp": (20.0, 30.0)}
LAYERS: dict[str, tuple[list[list[float]], list[float]]] = {
    "network.0": ([[0.5, 0.3, -0.2], [0.25, -0.5, 0.75]], [0.125, -0.25]),
    "network.2": ([[0.75, 0.5]], [0.0625]),
}
"""Weight and bias of each layer; arbitrary, exact in float32."""
HYPERPARAMETERS = {
    "MODEL_TYPE": "FNN",
    "FNN_HIDDEN_LAYERS": "2",
    "FEATURE_COLUMNS": list(FEATURES),
    "TARGET_COLUMN": TARGET,
    "BATCH_SIZE": "100",
    "MAX_EPOCHS": "3",
    "INITIAL_LR": "0.001",
    "OPTIMIZER_TYPE": "Adam",
    "SCHEDULER_TYPE": "StepLR",
    "VALID_PATIENCE": "10",
    "REPETITIONS": "1",
}
_WRITE_WEIGHTS = """
import json, sys, torch
weights = {}
for layer, (weight, bias) in json.loads(sys.argv[2]).items():
    weights |= {f"{layer}.weight": torch.tensor(weight), f"{layer}.bias": torch.tensor(bias)}
torch.save({"model_state_dict": weights, "optimizer_state_dict": {}}, sys.argv[1])
"""
WRITE_TIMEOUT_S = 60.0  # loading torch takes seconds; the rest is for a busy machine


def write_legacy_job(folder: Path, *, with_weights: bool) -> Path:
    """Write the job folder below `folder` as a Windows machine left it: stale paths, numbers as text, `Infinity`."""
    root = folder / JOB_ID
    task = root / "models" / ARCHITECTURE / TASK
    stale = f"C:\\Users\\user\\projects\\{JOB_ID}"
    for subfolder in (task / "logs", root / "scalers"):
        subfolder.mkdir(parents=True)
    metadata = {
        "job_id": JOB_ID,
        "creation_date": "2025-08-11T16:00:00.000000",
        "normalization_applied": True,
        "scaler_path": "scalers\\augmentation_scaler.joblib",
        "normalized_columns": list(RANGES),
    }
    task_hyperparameters = {
        **{key: value for key, value in HYPERPARAMETERS.items() if key != "FNN_HIDDEN_LAYERS"},
        "HIDDEN_LAYER_SIZES": [2],
        "DROPOUT_PROB": 0.0,
        "LOOKBACK": "N/A",
        "normalization_applied": True,
    }
    info = {
        "task_id": "task_20250811160001_1_rep_1",
        "repetition": 1,
        "task_dir": f"{stale}\\models\\{ARCHITECTURE}\\{TASK}",
        "hyperparams": task_hyperparameters,
        "results": {"best_val_loss": float("inf"), "best_epoch": 0},
        "job_folder_augmented_from": stale,
    }
    summary = {"task_id": info["task_id"], "model_type": "FNN", "completed_epochs": 3, "max_epochs": 3}
    for path, value in (
        (root / "job_metadata.json", metadata),
        (root / "augmentation_metadata.json", {"job_id": JOB_ID, "normalization": {"applied": True}}),
        (root / "hyperparams.json", HYPERPARAMETERS),
        (task / "task_info.json", info),
        (task / "training_summary.json", summary),
    ):
        path.write_text(json.dumps(value, indent=4), encoding="utf-8")
    (root / "scalers" / "augmentation_scaler_statistics.txt").write_text(_statistics_text(), encoding="utf-8")
    (root / "scalers" / "augmentation_scaler.joblib").write_bytes(b"cvestim_core.verify\nnobody_opens_this\n.")
    (task / "logs" / "training_progress.csv").write_text(_progress_csv(), encoding="utf-8")
    if with_weights:
        _write_weights(task / "best_model.pth")
    return root


def write_legacy_registry(folder: Path) -> Path:
    """Write PyBattML's registry next to the job, with entries for it, a damaged job and a missing folder."""
    entry = {"job_id": JOB_ID, "status": "complete", "job_folder": f"C:\\Users\\user\\projects\\{JOB_ID}"}
    missing_entry = {
        "job_id": "job_20250811-170000",
        "status": "complete",
        "job_folder": "D:\\gone\\job_20250811-170000",
    }
    path = folder / "job_registry.json"
    entries = {JOB_ID: entry, "job_20250811-163000": ["damaged"], "job_20250811-170000": missing_entry}
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def predict(features: Sequence[float]) -> float:
    """Prediction of the PyBattML model for one row, in the target's unit: scale, two layers with ReLU, clamp, unscale.

    features: SOC (0 to 1), current in A, temperature in degC.
    """
    scaled = [_scale(name, value) for name, value in zip(FEATURES, features, strict=True)]
    hidden = _apply_layer("network.0", scaled)
    (out,) = _apply_layer("network.2", hidden)
    low, high = RANGES[TARGET]
    return low + min(out, 1.0) * (high - low)


def _apply_layer(name: str, inputs: list[float]) -> list[float]:
    """Apply one layer. The last one ends in a ReLU too, as in PyBattML with scaled columns."""
    weight, bias = LAYERS[name]
    sums = [sum(w * x for w, x in zip(row, inputs, strict=True)) for row in weight]
    return [max(total + b, 0.0) for total, b in zip(sums, bias, strict=True)]


def _scale(name: str, value: float) -> float:
    low, high = RANGES[name]
    return (value - low) / (high - low)


def _statistics_text() -> str:
    rule = "-" * 90
    lines = [
        "Scaler Type: MinMaxScaler",
        f"Feature Names: {list(RANGES)}",
        "",
        "COLUMN STATISTICS (MinMaxScaler)",
        rule,
        "Feature Name         Min Value    Max Value    Range        Scale Factor   ",
        rule,
        *(f"{name:<20} {low:<12.6f} {high:<12.6f} {high - low:<12.6f}" for name, (low, high) in RANGES.items()),
        rule,
    ]
    return "\n".join(lines)


def _progress_csv() -> str:
    rows = [f"{epoch},{0.1 / epoch},{0.2 / epoch},{0.2 / epoch},0.001,{epoch}.0" for epoch in (1, 2, 3)]
    names = "epoch,train_loss_norm,val_loss_norm,best_val_loss_norm,learning_rate,elapsed_time_sec"
    return "\n".join([f"# task_id: {TASK}", names, *rows])


def _write_weights(path: Path) -> None:
    command = [sys.executable, "-c", _WRITE_WEIGHTS, str(path), json.dumps(LAYERS)]
    subprocess.run(command, check=True, capture_output=True, timeout=WRITE_TIMEOUT_S)
