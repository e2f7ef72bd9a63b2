"""Spark in a process that lives as long as a test: `python -m … FOLDER MASTER`.

It writes how it is reached to its standard output, and ends with its standard input. Commands come
and go, as they do with a warehouse, and two workers keep what they have compiled.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.warehouses.drivers.spark.jars import iceberg_jars

CATALOG = "lake"
VOLUMES = "SPARK_VOLUMES"
"""The environment variable with the folder that stands for `/Volumes`."""

_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_ROOT = Path(__file__).parents[4]


@contextmanager
def spark_server(folder: Path, master: str) -> Iterator[Mapping[str, str]]:
    """Starts Spark with an empty catalog in a folder; yields the settings that reach it."""
    command = (sys.executable, "-m", __name__, str(folder), master)
    environment = {
        "PYTHONPATH": str(_ROOT),
        "SPARK_HOME": str(_spark_home(folder)),
        "SPARK_LOCAL_HOSTNAME": "localhost",
    }
    log = folder / "spark.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        assert process.stdout is not None
        started = process.stdout.readline()
        assert started, log.read_text()
        credentials = "DESTINATION__DATABRICKS__CREDENTIALS__"
        unused = {f"{credentials}{key}": "any" for key in ("SERVER_HOSTNAME", "HTTP_PATH")}
        yield {
            **json.loads(started),
            VOLUMES: str(folder / "volumes"),
            f"{credentials}CATALOG": CATALOG,
            f"{credentials}ACCESS_TOKEN": "any",
            **unused,
        }
        process.communicate()


def _spark_home(folder: Path) -> Path:
    """Returns a folder like Spark's own, in which workers may write."""
    spark = find_spec("pyspark")
    assert spark is not None
    assert spark.origin is not None
    home = folder / "spark"
    home.mkdir()
    for name in ("bin", "jars"):
        (home / name).symlink_to(Path(spark.origin).with_name(name))
    return home


def _configuration(folder: Path, master: str) -> dict[str, str]:
    jars = os.pathsep.join(map(str, iceberg_jars(folder)))
    (tables := folder / "tables").mkdir()
    (events := folder / "events").mkdir()
    catalog = f"spark.sql.catalog.{CATALOG}"
    return {
        "spark.master": master,
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.driver.host": "localhost",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        # compiling takes longer than reading a few rows
        "spark.driver.extraJavaOptions": _JAVA,
        "spark.executor.extraJavaOptions": _JAVA,
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.local.dir": str(folder / "scratch"),
        "spark.ui.enabled": "false",
        # which executor did which task
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": str(events),
        "spark.sql.shuffle.partitions": "2",
        # as in Databricks
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.defaultCatalog": CATALOG,
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "hadoop",
        f"{catalog}.warehouse": str(tables),
        # sessions would not see at once what another one has written
        f"{catalog}.cache-enabled": "false",
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
    }


def main() -> None:
    """Runs Spark until the standard input ends."""
    from pyspark import SparkConf, SparkContext

    folder, master = sys.argv[1:]
    configuration = SparkConf().setAll(list(_configuration(Path(folder), master).items()))
    context = SparkContext(conf=configuration)
    gateway = context._gateway.gateway_parameters
    address = {
        "PYSPARK_GATEWAY_PORT": str(gateway.port),
        "PYSPARK_GATEWAY_SECRET": gateway.auth_token,
    }
    sys.stdout.write(f"{json.dumps(address)}\n")
    sys.stdout.flush()
    sys.stdin.read()
    context.stop()


if __name__ == "__main__":
    main()
