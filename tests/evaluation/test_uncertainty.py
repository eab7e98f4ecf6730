"""Bands reach their coverage on simulated data; ensembles are means of their members."""

import numpy as np
import pytest

from tests.training.synthetic import small_set
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.evaluation.comparison import Comparison
from vestim_core.evaluation.conformal import Band, band_report, coverage_report
from vestim_core.evaluation.ensemble import Ensemble
from vestim_core.evaluation.evaluation_report import examine, metrics_document, metrics_summary
from vestim_core.spec.data import Role
from vestim_core.spec.errors import VestimError

ROLES: tuple[Role, Role] = ("validation", "test")


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_measured_coverage_matches_the_level(level: float) -> None:
    random = np.random.default_rng(2)
    for draw in (random.normal, random.laplace, random.gumbel):
        band = Band.calibrate(draw(0, 0.01, 4000), level)
        assert band.coverage(draw(0, 0.01, 20_000)) == pytest.approx(level, abs=0.02)


def test_half_width_has_the_conformal_rank() -> None:
    assert Band.calibrate(np.arange(1.0, 20.0), 0.95).half_width == 19.0  # ceil(20 * 0.95) = 19
    assert Band.calibrate(-np.arange(1.0, 20.0), 0.5).half_width == 10.0
    low, high = Band(0.9, 0.5, 10).limits(np.array([1.0]))
    assert (low[0], high[0]) == (0.5, 1.5)
    with pytest.raises(VestimError, match="at least 19 calibration rows; there are 18"):
        Band.calibrate(np.arange(18.0), 0.95)


def test_coverage_is_reported_by_bin() -> None:
    prepared = small_set(3000)
    random = np.random.default_rng(3)

    def noisy(file: PreparedFile) -> np.ndarray:
        return np.asarray(file.column("voltage_V") + random.normal(0, 0.01, len(file.time_s)))

    calibration, test = ([Comparison.of(f, noisy(f), "voltage_V") for f in prepared.files_of_role(r)] for r in ROLES)
    report = coverage_report(calibration, test, "voltage_V", 0.9)
    assert band_report(Band.from_json(report, "voltage_V"), test, "voltage_V") == report
    assert report["half_width_mV"] == pytest.approx(16.4, rel=0.05)
    assert report["coverage"] == pytest.approx(0.9, abs=0.02)
    for bins in report["bins"].values():
        assert sum(entry["rows"] for entry in bins) == len(test[0].error)
        covered_rows = sum(entry["rows"] * entry["coverage"] for entry in bins)
        assert covered_rows == pytest.approx(report["coverage"] * len(test[0].error))
    document = metrics_document({}, "voltage_V", [examine(f, noisy(f), "voltage_V") for f in prepared.files])
    assert document["band"]["coverage"] == pytest.approx(0.95, abs=0.02)
    assert document["band"]["calibration_rows"] == len(calibration[0].error)
    assert {"level", "half_width_mV", "coverage"} <= metrics_summary(document)["band"].keys()
    unknown = metrics_document(
        {}, "voltage_V", [examine(f, noisy(f), "voltage_V") for f in prepared.files_of_role("test")]
    )
    assert unknown["band"] is None and "band" not in metrics_summary(unknown)


def test_an_ensemble_is_the_mean_of_its_members() -> None:
    file = small_set().files[0]
    members = [lambda file, offset=offset: file.column("voltage_V") + offset for offset in (-0.01, 0.0, 0.04)]
    mean, spread = Ensemble(members).predict_with_spread(file)
    np.testing.assert_allclose(mean, file.column("voltage_V") + 0.01)
    np.testing.assert_allclose(spread, np.std([-0.01, 0, 0.04], ddof=1))
    assert np.array_equal(Ensemble(members).predict(file), mean)
    with pytest.raises(VestimError, match="at least two"):
        Ensemble(members[:1])
