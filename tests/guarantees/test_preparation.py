"""Same numbers in and out: the steps of a job reach training, testing and a later test elsewhere, and are recorded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.guarantees.conftest import finish
from vestim_core.client import Client
from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepare import prepare_table
from vestim_core.data.readers import read_table
from vestim_core.evaluation.inference import predict
from vestim_core.evaluation.report import scored_rows
from vestim_core.models.files import load_model
from vestim_core.spec.columns import file_columns

STEPS = [
    {"step": "resample"},
    {"step": "ema", "column": "current_A", "output": "slow", "tau_s": 30},
    {"step": "formula", "output": "loss", "formula": "slow * lag(current_A, 2) + noise(0, 0.1)"},
    {"step": "augment", "column": "current_A", "offset": 0.1, "noise": 0.01},
    {"step": "pre_roll", "duration_s": 20},
    {"step": "normalise", "method": "min-max"},
]


def test_a_job_with_filters_formulas_and_augmentation_tests_alike_elsewhere(
    client: Client, job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    features = ["soc", "current_A", "slow", "loss"]
    document = job("lstm", epochs=2) | {"preparation": STEPS, "signals": {"features": features}}
    odd = tmp_path / "train.csv"
    odd.write_text(Path(document["data"]["train"][0]).read_text().replace("voltage_V", "klemme"))
    document["data"] |= {"train": [str(odd)]}
    header = odd.read_text().partition("\n")[0].split(",")
    client.call("map_columns", header=header, columns={"voltage_V": "klemme"})
    job_id = client.call("submit", spec=document)["job_id"]
    finish(client, job_id)
    prepared = json.loads((client.home.jobs / job_id / "tasks" / "prepare_1" / "task.json").read_text())
    assert prepared["mappings"] == {str(odd): {"voltage_V": "klemme"}}
    moved = tmp_path / "elsewhere"
    shutil.copytree(client.home.jobs / job_id, moved)
    client.call("map_columns", header=header, columns={})
    client.call("test", job_id=job_id, files=[str(odd)])
    finish(client, job_id)
    tested = client.home.jobs / job_id / "tasks" / "retest_1" / "result" / "train_001" / "metrics.json"
    assert json.loads(tested.read_text())["overall"]["test"]["rmse_mV"] > 0, "its own word for a column is kept"
    client.call("delete", job_id=job_id)

    record = json.loads((moved / "data" / "preparation.json").read_text())
    (drawn,) = record["augmentation"]["train"]
    assert (drawn["step"], drawn["column"]) == (4, "current_A")
    assert list(record["augmentation"]) == ["train"]
    described = json.loads((moved / "tasks" / "train_001" / "result" / "model.json").read_text())
    trained_on = {file["key"]: file.get("augmentation") for file in described["data"]["files"]}
    assert trained_on == {"train": [drawn], "validation": None, "test": None}

    module, description = load_model(moved / "tasks" / "train_001" / "result")
    assert [step["step"] for step in description["preparation"]["steps"]] == [step["step"] for step in STEPS]
    for pipeline in (Pipeline.from_json(description["preparation"]), Pipeline.from_json(record)):
        needed = file_columns(pipeline.steps, pipeline.signals)
        file = prepare_table(pipeline, read_table(Path(document["data"]["test"][0]), {}, needed), "test")
        with np.load(moved / "tasks" / "test_001" / "result" / "predictions" / "test.npz") as kept:
            assert np.array_equal(predict(module, file, pipeline)[scored_rows(file)], kept["predicted"])
