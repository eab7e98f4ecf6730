"""The verification under the file name that PyBattML users know: a script, and one test per check.

python tests/test_job_container_migration.py

All checks run once, in order, and each test reads the result of its check. The tests that prove that the checks can
fail follow and use the same run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from vestim_core.verify.__main__ import GROUPS, main

if TYPE_CHECKING:
    from tests.verify.recordings import RecordedVerification


@pytest.mark.parametrize(
    ("group", "check"), [pytest.param(group.title, name, id=name) for group in GROUPS for name in group.checks]
)
def test_check_passes(verification: RecordedVerification, group: str, check: str) -> None:
    result = verification.result(group, check)
    assert result.passed, result.reason


if __name__ == "__main__":
    sys.exit(main())

pytest.register_assert_rewrite("tests.verify.broken_daemon")
from tests.patience import LONG_TEST_LIMIT_S  # noqa: E402
from tests.verify.broken_daemon import *  # noqa: E402, F403

pytestmark = pytest.mark.timeout(LONG_TEST_LIMIT_S)  # the first test waits for all checks
