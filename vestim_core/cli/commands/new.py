"""`vestim new [FILE]`: a commented job file to start from; never written over anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vestim_core.cli.output import AsJson, plain, print_json, say
from vestim_core.spec.document import read_former_settings
from vestim_core.spec.errors import refused, wrong_input
from vestim_core.spec.job_presets import preset_called
from vestim_core.spec.template import job_template
from vestim_core.spec.toml import job_toml

File = Annotated[Path | None, typer.Argument(help="Where to write it (.toml); without it the template is printed.")]
PresetName = Annotated[
    str | None, typer.Option("--preset", metavar="NAME", help="The settings of a preset, e.g. voltage_quick.")
]
Former = Annotated[
    Path | None,
    typer.Option("--from", metavar="JSON", help="The settings in a hyperparameter file of PyBattML."),
]
SOME_DATA = {"train": ["train"], "validation": ["validation"], "test": ["test"]}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new")(new)


def new(file: File = None, preset: PresetName = None, former: Former = None, as_json: AsJson = False) -> None:
    """Print a commented job file, or write it to FILE.

    It holds every setting with its default, or those of a preset or of a file of the former program: name your data
    files and submit it.
    """
    if preset and former:
        raise wrong_input("--preset and --from each say what the settings are: give one of them", place="--from")
    template = of_preset(preset) if preset else of_former(former) if former else job_template()
    if file is None:
        if as_json:
            print_json({"template": template})
        else:
            print(template, end="")
        return
    write_new(file, template)
    if as_json:
        print_json({"file": str(file.absolute())})
    else:
        say(f"Wrote '{file}': name your data files in it, then 'vestim submit {file} --follow'.")


def of_preset(name: str) -> str:
    """The job file of a preset, whose data are still to be named. `VestimError` when there is no such preset."""

    preset = preset_called(name)
    head = f"# {preset.name}, {preset.target}: {preset.description}\n# Takes {preset.takes} on one CPU core."
    document: dict[str, Any] = {"name": f"{preset.name} ({preset.target})", "data": SOME_DATA, **preset.job}
    return job_toml(document, head)


def of_former(path: Path) -> str:
    """The job file with the settings in a file of the former program: hyperparameters, configurations, filters.

    What has no counterpart stands in comments. `VestimError` when it is no such file.
    """
    from vestim_core.cli.link import connected  # a plain template needs no daemon, nor what speaks to one

    with connected() as client:
        read = client.call("read_hyperparameters", document=read_former_settings(path))
    notes = [f"# {plain(note['key'])}: {plain(note['sentence'])}" for note in read["notes"]]
    head = "\n".join(
        [f"# Settings from {plain(path.name)}. Of its keys, these are no setting here or another one:", *notes]
    )
    return job_toml({"name": path.stem, "data": SOME_DATA, **read["sections"]}, head)


def write_new(file: Path, text: str) -> None:
    """Write `text` to a file that does not exist yet. `VestimError` when it does, or cannot be made."""
    if file.suffix.lower() == ".json":
        raise wrong_input(f"'{file}': the template is TOML, give it a name that ends in .toml", place=str(file))
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise refused(f"'{file}' exists already and is not written over: give another name", place=str(file)) from None
    except OSError as error:
        raise wrong_input(f"'{file}' cannot be written: {error.strerror or error}", place=str(file)) from None
