"""`vestim new [FILE]`: writes a commented job file as a starting point; never overwrites a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vestim_core.cli.output import AsJson, plain_text, print_json, say
from vestim_core.spec.errors import refused, wrong_input
from vestim_core.spec.job_file_reader import read_legacy_settings
from vestim_core.spec.job_presets import find_preset
from vestim_core.spec.template import job_template
from vestim_core.spec.toml import job_toml

File = Annotated[Path | None, typer.Argument(help="Where to write it (.toml); without it the template is printed.")]
PresetName = Annotated[
    str | None, typer.Option("--preset", metavar="NAME", help="The settings of a preset, e.g. voltage_quick.")
]
LegacySettings = Annotated[
    Path | None,
    typer.Option("--from", metavar="JSON", help="The settings in a hyperparameter file of PyBattML."),
]
PLACEHOLDER_DATA = {"train": ["train"], "validation": ["validation"], "test": ["test"]}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new")(new)


def new(file: File = None, preset: PresetName = None, legacy: LegacySettings = None, as_json: AsJson = False) -> None:
    """Print a commented job file, or write it to FILE.

    It holds every setting with its default, or those of a preset or of a file of PyBattML: name your data
    files and submit it.
    """
    if preset and legacy:
        raise wrong_input("--preset and --from each say what the settings are: give one of them", location="--from")
    template = preset_job_file(preset) if preset else legacy_job_file(legacy) if legacy else job_template()
    if file is None:
        if as_json:
            print_json({"template": template})
        else:
            print(template, end="")
        return
    write_new_file(file, template)
    if as_json:
        print_json({"file": str(file.absolute())})
    else:
        say(f"Wrote '{file}': name your data files in it, then 'vestim submit {file} --follow'.")


def preset_job_file(name: str) -> str:
    """Job file of a preset with placeholder data files. Raises `VestimError` for an unknown preset."""
    preset = find_preset(name)
    head = f"# {preset.name}, {preset.target}: {preset.description}\n# Takes {preset.takes} on one CPU core."
    document: dict[str, Any] = {"name": f"{preset.name} ({preset.target})", "data": PLACEHOLDER_DATA, **preset.job}
    return job_toml(document, head)


def legacy_job_file(path: Path) -> str:
    """Job file with the settings of a PyBattML file (hyperparameters, configurations, filters).

    Settings without a counterpart are listed in comments. Raises `VestimError` when it is not such a file.
    """
    from vestim_core.cli.daemon_client import connect  # a plain template needs neither a daemon nor its client

    with connect() as client:
        answer = client.call("read_hyperparameters", document=read_legacy_settings(path))
    notes = [f"# {plain_text(note['key'])}: {plain_text(note['message'])}" for note in answer["notes"]]
    head = "\n".join(
        [f"# Settings from {plain_text(path.name)}. Of its keys, these are no setting here or another one:", *notes]
    )
    return job_toml({"name": path.stem, "data": PLACEHOLDER_DATA, **answer["sections"]}, head)


def write_new_file(file: Path, text: str) -> None:
    """Write `text` to a new file. Raises `VestimError` when the file exists or cannot be created."""
    if file.suffix.lower() == ".json":
        raise wrong_input(f"'{file}': the template is TOML, give it a name that ends in .toml", location=str(file))
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise refused(
            f"'{file}' exists already and is not written over: give another name", location=str(file)
        ) from None
    except OSError as error:
        raise wrong_input(f"'{file}' cannot be written: {error.strerror or error}", location=str(file)) from None
