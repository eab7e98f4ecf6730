"""Starting the program: fast, with few imports, and with clear messages for unknown commands."""

import json
import subprocess
import sys

import pytest

import vestim_core
from tests.cli.conftest import RunVestim
from vestim_core.cli.main import COMMANDS

HEAVY_MODULES = {"torch", "numpy", "pandas", "scipy", "matplotlib", "PyQt6"}


@pytest.mark.parametrize(
    ("arguments", "unneeded"), [(["--version"], {"zmq"}), (["new"], {"zmq"}), (["jobs", "--help"], set())]
)
def test_command_imports_only_what_it_needs(arguments: list[str], unneeded: set[str]) -> None:
    code = (
        "import sys; from vestim_core.cli.main import main\n"
        f"code = main({arguments!r})\n"
        "print(*sorted(module.partition('.')[0] for module in sys.modules), file=sys.stderr); sys.exit(code)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    loaded = (HEAVY_MODULES | unneeded) & set(answer.stderr.split())
    assert loaded == set()


def test_version(vestim: RunVestim) -> None:
    assert vestim("--version").stdout == f"vestim {vestim_core.__version__}\n"


def test_help_names_the_commands(vestim: RunVestim) -> None:
    answer = vestim("--help")
    assert answer.returncode == 0
    assert all(f"\n  {command} " in answer.stdout for command in set(COMMANDS) - {"server", "all"})


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("show",),
        ("follow", "x", "--since", "-1"),
        ("daemon",),
        ("jobs", "--color"),
        ("submit", "a", "b"),
    ],
)
def test_wrong_usage_gives_one_sentence_and_exit_code_2(vestim: RunVestim, arguments: tuple[str, ...]) -> None:
    answer = vestim(*arguments)
    assert answer.returncode == 2
    assert answer.stderr.startswith("Error: ")
    assert answer.stderr.splitlines()[1].startswith("Try: vestim")
    error = json.loads(vestim(*arguments, "--json").stderr)
    assert error["code"] == "wrong_input"


def test_new_job_file_lacks_only_data(vestim: RunVestim) -> None:
    printed = vestim("new")
    assert vestim("new", "job.toml").returncode == 0
    assert json.loads(vestim("new", "--json").stdout)["template"] == printed.stdout
    answer = vestim("submit", "job.toml")
    assert answer.returncode == 2
    assert "there is no file or folder" in answer.stderr
    assert "data.train" in answer.stderr


def test_new_never_overwrites_a_file(vestim: RunVestim, tmp_path: object) -> None:
    assert vestim("new", "job.toml").returncode == 0
    answer = vestim("new", "job.toml", "--json")
    assert answer.returncode == 5
    assert json.loads(answer.stderr)["code"] == "refused"
    assert vestim("new", "no/such/folder/job.toml").returncode == 2
    assert vestim("new", "job.json").returncode == 2


def test_new_writes_the_job_file_of_a_preset(vestim: RunVestim) -> None:
    assert vestim("new", "--preset", "soc-balanced", "job.toml").returncode == 0
    answer = vestim("submit", "job.toml")
    assert answer.returncode == 2 and "there is no file or folder" in answer.stderr
    assert vestim("new", "--preset", "nonsense").returncode == 3
