"""The verification under the name that users of PyBattML know: a script, and here one test per check.

python tests/test_job_container_migration.py

All checks run once, in order; each test looks at the result of its own. Tests that the checks can fail follow, on the
same run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from vestim_core.verify.__main__ import GROUPS, main

if TYPE_CHECKING:
    from tests.verify.recordings import RecordedVerification

pytestmark = pytest.mark.timeout(300)  # the first test waits for all checks


@pytest.mark.parametrize(
    ("group", "check"), [pytest.param(group.title, name, id=name) for group in GROUPS for name in group.checks]
)
def test_check_passes(verification: RecordedVerification, group: str, check: str) -> None:
    result = verification.result(group, check)
    assert result.passed, result.reason


if __name__ == "__main__":
    sys.exit(main())

pytest.register_assert_rewrite("tests.verify.broken_daemon")
from tests.verify.broken_daemon import *  # noqa: E402, F403
