"""Legacy job folders in every known variant, generated."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RANGES: dict[str, tuple[float, float]] = {
    "Voltage": (2.9, 4.2),
    "Current": (-8.0, 4.0),
    "Temp": (20.0, 40.0),
    "SOC": (0.1, 0.9),
    "Power": (-30.0, 15.0),
}
LSTM: dict[str, Any] = {
    "MODEL_TYPE": "LSTM",
    "FEATURE_COLUMNS": ["SOC", "Current", "Temp"],
    "TARGET_COLUMN": "Voltage",
    "RNN_LAYER_SIZES": "6,4",
    "HIDDEN_UNITS": 6,
    "LAYERS": 2,
    "LOOKBACK": "7",
    "BATCH_SIZE": "100",
    "MAX_EPOCHS": "18",
    "INITIAL_LR": "0.005",
    "OPTIMIZER_TYPE": "Adam",
    "VALID_PATIENCE": "10",
    "SCHEDULER_TYPE": "StepLR",
    "LR_PERIOD": "8",
    "LR_PARAM": "0.5",
    "INFERENCE_FILTER_TYPE": "None",
    "normalization_applied": True,
}
FNN: dict[str, Any] = {
    **{key: value for key, value in LSTM.items() if key not in {"RNN_LAYER_SIZES", "HIDDEN_UNITS", "LAYERS"}},
    "MODEL_TYPE": "FNN",
    "HIDDEN_LAYER_SIZES": [5, 3],
    "DROPOUT_PROB": 0.02,
    "LOOKBACK": "N/A",
}
GRU: dict[str, Any] = {**LSTM, "MODEL_TYPE": "GRU", "HIDDEN_UNITS": 5, "LAYERS": 1, "LOOKBACK": 4}
del GRU["RNN_LAYER_SIZES"]
LSTM_TASK = "B100_L7_Adam_LR_SLR_VP10_id09fde_rep_1"


class Bomb:
    """An object that creates a file when it is unpickled."""

    def __init__(self, created_file: Path) -> None:
        self.created_file = created_file

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.created_file), "w"))


def make_legacy_job(
    root: Path,
    job_id: str = "job_20251014-180644",
    *,
    preparation: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = LSTM,
    ranges: Mapping[str, tuple[float, float]] | None = RANGES,
    is_normalized: bool = True,
    windows: bool = False,
    bomb: Path | None = None,
) -> Path:
    """Create a job folder below `root` without trainings.

    windows: as written on Windows. bomb: file that unpickling its scaler creates.
    """
    folder = root / job_id
    (folder / "scalers").mkdir(parents=True)
    source = "C:\\Users\\ü\\cell" if windows else "/home/user/cell"
    separator = "\\" if windows else "/"
    metadata = {
        "job_id": job_id,
        "creation_date": "2025-10-14T18:06:44.917851",
        "train_folder_path": f"{source}{separator}train",
        "val_folder_path": f"{source}{separator}val",
        "test_folder_path": f"{source}/test",
        "normalization_applied": is_normalized,
        "scaler_path": f"scalers{separator}augmentation_scaler.joblib",
        "normalized_columns": list(ranges or {}),
    }
    write(folder / "job_metadata.json", metadata, windows=windows)
    augmentation = {
        "job_id": job_id,
        "applied_filters": [],
        "created_columns": [],
        "resampling": {"applied": False},
        "padding": {"applied": False},
        "normalization": {"applied": is_normalized},
        **(preparation or {}),
    }
    write(folder / "augmentation_metadata.json", augmentation, windows=windows)
    if settings is not None:
        write(folder / "hyperparams.json", dict(settings), windows=windows)
    if ranges is not None and is_normalized:
        text = statistics_text(ranges)
        (folder / "scalers" / "augmentation_scaler_statistics.txt").write_bytes(
            (text.replace("\n", "\r\n") if windows else text).encode("cp1252" if windows else "utf-8")
        )
    if bomb is not None:
        (folder / "scalers" / "augmentation_scaler.joblib").write_bytes(pickle.dumps(Bomb(bomb)))
    return folder


def make_legacy_task(
    job: Path,
    settings: Mapping[str, Any] = LSTM,
    *,
    architecture: str = "LSTM_ARCH_6_4",
    name: str = LSTM_TASK,
    task_id: str = "task_20251014180645_1_rep_1",
    weights: bytes | None = b"",
    summary: bool = True,
    progress: str | None = "new",
    epochs: int = 3,
    predictions: Sequence[tuple[float, float]] = (),
) -> Path:
    """Create a training in a job's folder.

    weights: content of best_model.pth; None for no file. progress: new, older or None.
    """
    folder = job / "models" / architecture / name
    (folder / "logs").mkdir(parents=True)
    info = {
        "task_id": task_id,
        "repetition": 1,
        "model_dir": f"/gone/{architecture}",
        "task_dir": f"/gone/{architecture}/{name}",
        "model_metadata": {"model_type": settings.get("MODEL_TYPE"), "input_size": 3, "output_size": 1},
        "hyperparams": dict(settings),
        "results": {"best_val_loss": float("inf"), "best_epoch": 0},
    }
    write(folder / "task_info.json", info)
    if weights is not None:
        (folder / "best_model.pth").write_bytes(weights or b"not looked at before the first test")
    if progress:
        (folder / "logs" / "training_progress.csv").write_bytes(progress_text(epochs, older=progress == "older"))
    if summary:
        losses = {"best_validation_loss_denormalized": 24.5, "completed_epochs": epochs, "training_time_seconds": 5.9}
        write(folder / "training_summary.json", {"task_id": task_id, "hyperparameters": dict(settings), **losses})
    if predictions:
        (folder / "test_results").mkdir()
        rows = [
            f"{t},{true},{prediction},{1000 * (true - prediction)}" for t, (true, prediction) in enumerate(predictions)
        ]
        header = "Timestamp,True Voltage (V),Predicted Voltage (V),Error (mV)"
        (folder / "test_results" / "drive_1_predictions.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def progress_text(epochs: int, *, older: bool = False) -> bytes:
    """A progress file: comments with LF, rows with CRLF; in the new form every second epoch was not validated."""
    if older:
        header = "Epoch,Train Loss,Val Loss,Elapsed Time,Learning Rate,Best Val Loss,Train Time Per Epoch"
        rows = [f"{n},{0.04 / n},{0.01 / n},{n * 0.5},0.005,{0.01 / n},0.2" for n in range(1, epochs + 1)]
        return "\r\n".join([header, *rows, ""]).encode()
    header = (
        "epoch,train_loss_norm,val_loss_norm,best_val_loss_norm,learning_rate,elapsed_time_sec,avg_batch_time_sec,"
        "patience_counter,model_memory_mb,time_per_epoch_sec"
    )
    rows = [
        f"{n},{0.04 / n},{0.01 / n if n % 2 else 'nan'},{0.01 / n},0.005,{n * 0.5},0.01,0,1.0,0.5"
        for n in range(1, epochs + 1)
    ]
    return b"# device: cpu\n# model_type: LSTM\n" + "\r\n".join([header, *rows, ""]).encode()


def statistics_text(ranges: Mapping[str, tuple[float, float]], scaler: str = "MinMaxScaler") -> str:
    """The text beside the scaler: its table, then a table with other numbers for a data file."""
    rule = "-" * 90
    header = f"{'Feature Name':<20} {'Min Value':<12} {'Max Value':<12} {'Range':<12} {'Scale Factor':<15}"
    rows = [
        f"{name:<20} {low:<12.6f} {high:<12.6f} {high - low:<12.6f} {1 / (high - low or 1):<15.8f}"
        for name, (low, high) in ranges.items()
    ]
    file_rows = [f"{name:<20} {-99.0:<15.6f} {99.0:<15.6f} {198.0:<15.6f} {0.0:<15.6f}" for name in ranges]
    return "\n".join(
        [
            "SCALER STATISTICS",
            f"Scaler Type: {scaler}",
            f"Feature Names: {list(ranges)}",
            "",
            f"COLUMN STATISTICS ({scaler})",
            rule,
            header,
            rule,
            *rows,
            rule,
            "",
            "FILE-WISE COLUMN STATISTICS (for data quality analysis)",
            "FILE: a.csv",
            "-----------",
            "Column               Min             Max             Range           Mean",
            "-" * 80,
            *file_rows,
            "",
        ]
    )


def write(path: Path, value: Any, *, windows: bool = False) -> None:
    """Write JSON as PyBattML did: bare infinities; on Windows in cp1252 with its line ends."""
    text = json.dumps(value, indent=4, ensure_ascii=False)
    path.write_bytes(text.replace("\n", "\r\n").encode("cp1252") if windows else text.encode())


def container_entry(job_id: str, status: str = "complete", **more: Any) -> dict[str, Any]:
    """An entry of the newer registry."""
    return {
        "job_id": job_id,
        "status": status,
        "progress_message": "Epoch 3/18",
        "progress_percent": 30,
        "current_phase": "training",
        "created_at": "2025-10-14T18:06:44",
        "updated_at": "2025-10-14T19:00:00",
        "task_progress": {},
        "training_tasks": [],
        "details": {"hyperparameters": {}, "training_tasks": [], "history": {}, "imported": False},
        "job_folder": f"/home/user/vestim/output/{job_id}",
        "selections": {},
        **more,
    }


def older_entry(job_id: str, status: str = "completed") -> dict[str, Any]:
    """An entry of the older registry, from Windows."""
    return {
        "job_id": job_id,
        "status": status,
        "selections": {"train_files": ["C:/data/a.csv"], "test_files": ["C:/data/b.csv"]},
        "created_at": "2025-09-30T18:06:44.917002",
        "updated_at": "2025-09-30T18:06:52.004417",
        "job_folder": f"C:\\Users\\user\\vestim_projects\\{job_id}",
        "details": {},
    }
