"""The verification under the name by which users of PyBattML know it: a script, and here one test a check.

    python tests/test_job_container_migration.py

All checks are made once, in their order; each test looks at what came of its own. The proofs that they can fail follow,
over the same run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from vestim_core.verify.__main__ import GROUPS, main

if TYPE_CHECKING:
    from tests.verify.tapes import Verified

pytestmark = pytest.mark.timeout(300)  # the first test waits for all checks


@pytest.mark.parametrize(
    ("group", "check"), [pytest.param(group.title, name, id=name) for group in GROUPS for name in group.checks]
)
def test_holds(verified: Verified, group: str, check: str) -> None:
    row = verified.row(group, check)
    assert row.passed, row.reason


if __name__ == "__main__":
    sys.exit(main())

pytest.register_assert_rewrite("tests.verify.broken_service")
from tests.verify.broken_service import *  # noqa: E402, F403
