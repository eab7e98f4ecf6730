"""The steps of a job are applied identically in training, testing and a later evaluation elsewhere, and are
recorded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.guarantees.conftest import follow_to_end
from vestim_core.client import Client
from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepare_data import prepare_table
from vestim_core.data.readers import read_table
from vestim_core.evaluation.evaluation_report import scored_rows
from vestim_core.evaluation.inference import predict
from vestim_core.models.model_files import load_model
from vestim_core.spec.step_columns import required_file_columns

STEPS = [
    {"step": "resample"},
    {"step": "ema", "column": "current_A", "output": "slow", "tau_s": 30},
    {"step": "formula", "output": "loss", "formula": "slow * lag(current_A, 2) + noise(0, 0.1)"},
    {"step": "augment", "column": "current_A", "offset": 0.1, "noise": 0.01},
    {"step": "pre_roll", "duration_s": 20},
    {"step": "normalize", "method": "min-max"},
]


def test_a_job_with_filters_formulas_and_augmentation_is_evaluated_alike_elsewhere(
    client: Client, job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    features = ["soc", "current_A", "slow", "loss"]
    document = job("lstm", epochs=2) | {"preparation": STEPS, "signals": {"features": features}}
    renamed_file = tmp_path / "train.csv"
    renamed_file.write_text(Path(document["data"]["train"][0]).read_text().replace("voltage_V", "klemme"))
    document["data"] |= {"train": [str(renamed_file)]}
    header = renamed_file.read_text().partition("\n")[0].split(",")
    client.call("map_columns", header=header, columns={"voltage_V": "klemme"})
    job_id = client.call("submit", spec=document)["job_id"]
    follow_to_end(client, job_id)
    task_document = json.loads((client.home.jobs / job_id / "tasks" / "prepare_1" / "task.json").read_text())
    assert task_document["mappings"] == {str(renamed_file): {"voltage_V": "klemme"}}
    copied_folder = tmp_path / "elsewhere"
    shutil.copytree(client.home.jobs / job_id, copied_folder)
    client.call("map_columns", header=header, columns={})
    client.call("evaluate", job_id=job_id, files=[str(renamed_file)])
    follow_to_end(client, job_id)
    metrics_json = client.home.jobs / job_id / "tasks" / "evaluation_1" / "result" / "train_001" / "metrics.json"
    assert json.loads(metrics_json.read_text())["overall"]["test"]["rmse_mV"] > 0, "its own word for a column is kept"
    client.call("delete", job_id=job_id)

    record = json.loads((copied_folder / "data" / "preparation.json").read_text())
    (augmentation,) = record["augmentation"]["train"]
    assert (augmentation["step"], augmentation["column"]) == (4, "current_A")
    assert list(record["augmentation"]) == ["train"]
    model_record = json.loads((copied_folder / "tasks" / "train_001" / "result" / "model.json").read_text())
    trained_on = {file["key"]: file.get("augmentation") for file in model_record["data"]["files"]}
    assert trained_on == {"train": [augmentation], "validation": None, "test": None}

    module, description = load_model(copied_folder / "tasks" / "train_001" / "result")
    assert [step["step"] for step in description["preparation"]["steps"]] == [step["step"] for step in STEPS]
    for pipeline in (Pipeline.from_json(description["preparation"]), Pipeline.from_json(record)):
        columns = required_file_columns(pipeline.steps, pipeline.signals)
        file = prepare_table(pipeline, read_table(Path(document["data"]["test"][0]), {}, columns), "test")
        with np.load(copied_folder / "tasks" / "test_001" / "result" / "predictions" / "test.npz") as arrays:
            assert np.array_equal(predict(module, file, pipeline)[scored_rows(file)], arrays["predicted"])
