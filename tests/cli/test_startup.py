"""Starting the program: quick, light, and clear about words that it does not know."""

import json
import subprocess
import sys

import pytest

import vestim_core
from tests.cli.conftest import Vestim
from vestim_core.cli.main import COMMANDS

HEAVY = {"torch", "numpy", "pandas", "scipy", "matplotlib", "PyQt6"}


@pytest.mark.parametrize(
    ("words", "unneeded"), [(["--version"], {"zmq"}), (["new"], {"zmq"}), (["jobs", "--help"], set())]
)
def test_a_command_loads_only_what_it_needs(words: list[str], unneeded: set[str]) -> None:
    code = (
        "import sys; from vestim_core.cli.main import main\n"
        f"code = main({words!r})\n"
        "print(*sorted(module.partition('.')[0] for module in sys.modules), file=sys.stderr); sys.exit(code)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    loaded = (HEAVY | unneeded) & set(answer.stderr.split())
    assert loaded == set()


def test_version(vestim: Vestim) -> None:
    assert vestim("--version").stdout == f"vestim {vestim_core.__version__}\n"


def test_help_names_the_commands(vestim: Vestim) -> None:
    answer = vestim("--help")
    assert answer.returncode == 0
    assert all(f"\n  {word} " in answer.stdout for word in set(COMMANDS) - {"server", "all"})


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("show",),
        ("follow", "x", "--since", "-1"),
        ("daemon",),
        ("jobs", "--colour"),
        ("submit", "a", "b"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(vestim: Vestim, words: tuple[str, ...]) -> None:
    answer = vestim(*words)
    assert answer.returncode == 2
    assert answer.stderr.startswith("Error: ")
    assert answer.stderr.splitlines()[1].startswith("Try: vestim")
    error = json.loads(vestim(*words, "--json").stderr)
    assert error["code"] == "wrong_input"


def test_new_prints_and_writes_a_job_file_that_is_valid_but_for_its_data(vestim: Vestim) -> None:
    printed = vestim("new")
    assert vestim("new", "job.toml").returncode == 0
    assert json.loads(vestim("new", "--json").stdout)["template"] == printed.stdout
    answer = vestim("submit", "job.toml")
    assert answer.returncode == 2
    assert "there is no file or folder" in answer.stderr
    assert "data.train" in answer.stderr


def test_new_writes_over_nothing(vestim: Vestim, tmp_path: object) -> None:
    assert vestim("new", "job.toml").returncode == 0
    answer = vestim("new", "job.toml", "--json")
    assert answer.returncode == 5
    assert json.loads(answer.stderr)["code"] == "refused"
    assert vestim("new", "no/such/folder/job.toml").returncode == 2
    assert vestim("new", "job.json").returncode == 2


def test_new_writes_the_job_file_of_a_preset(vestim: Vestim) -> None:
    assert vestim("new", "--preset", "soc-balanced", "job.toml").returncode == 0
    answer = vestim("submit", "job.toml")
    assert answer.returncode == 2 and "there is no file or folder" in answer.stderr
    assert vestim("new", "--preset", "nonsense").returncode == 3
