"""Commands that are printed to be pasted, in the form in which the user called this one.

The verbs are called through dlt's command, through `coveo-source` or as `python -m coveo_source`;
whoever has only one of these on their PATH gets that one. Others, such as scripts and schedulers,
get dlt's.
"""

import shlex
import shutil
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

SCRIPT = "coveo-source"
"""Our own command."""

_INSTALLERS = {
    "pipx_metadata.json": ("pipx", "install", "--force"),
    "uv-receipt.toml": ("uv", "tool", "install"),
}
"""Tools with environments of their own, by the file that they leave in one."""

_DLT = "dlt"
_AS_MODULE = ("coveo_source", "__main__.py")


def verb_command(pipeline: str, *words: str) -> str:
    """Returns the command of one of our verbs, about the same dataset as this command.

    pipeline: its name
    words: the verb with its options
    """
    given = _common_options()
    where = _option("--destination", given.destination)
    which = _option("--dataset-name", given.dataset_name)
    folder = _option("--pipelines-dir", given.pipelines_dir)
    return shlex.join([*_caller(), *folder, pipeline, *words, *where, *which])


def dlt_command(pipeline: str, *words: str, pipelines_dir: str | None = None) -> str:
    """Returns the command of one of dlt's own verbs, which only dlt's command has.

    pipelines_dir: where the working folder is; None if this command says it, or for dlt's default
    """
    folder = _option("--pipelines-dir", pipelines_dir or _common_options().pipelines_dir)
    dlt = program(_DLT) if _is_ours() else _DLT
    return shlex.join([dlt, "pipeline", *folder, pipeline, *words])


def install_command(extra: str) -> str:
    """Returns the command that installs an extra into the environment of this program."""
    wanted = f"{SCRIPT}[{extra}]"
    for file, words in _INSTALLERS.items():
        if (Path(sys.prefix) / file).exists():
            return shlex.join([*words, wanted])
    return shlex.join(["pip", "install", wanted])


def program(name: str) -> str:
    """Returns how a program that is installed beside this one is called from the current folder."""
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    on_path = shutil.which(name)
    if not beside or (on_path and Path(on_path).samefile(beside)):
        return name
    return relative(beside)


def relative(path: str) -> str:
    """Returns a path relative to the current folder, if it is inside it."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _caller() -> list[str]:
    """Returns the words with which a command like this one begins."""
    called = Path(sys.argv[0])
    if called.stem == SCRIPT:
        return [program(SCRIPT)]
    if called.parts[-2:] == _AS_MODULE:
        return [relative(sys.executable), "-m", _AS_MODULE[0]]
    return [program(_DLT) if called.stem == _DLT else _DLT, "pipeline"]


def _is_ours() -> bool:
    """Returns True if a verb runs, and not a script or scheduler that uses the source."""
    called = Path(sys.argv[0])
    return called.stem in (SCRIPT, _DLT) or called.parts[-2:] == _AS_MODULE


def _common_options() -> Namespace:
    """Returns the options of all verbs, as far as this command has them."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    for option in ("--destination", "--dataset-name", "--pipelines-dir"):
        parser.add_argument(option)
    return parser.parse_known_args(sys.argv[1:] if _is_ours() else [])[0]


def _option(name: str, value: str | None) -> list[str]:
    return [name, value] if value else []
