"""Databricks' SQL in a Spark on this machine, whose catalog keeps Iceberg tables in a folder.

Iceberg stands for Delta Lake, because PyPI has jars of Iceberg only, and those for Spark 3.5. What
Databricks has beyond Spark is in `statements`.
"""


def install() -> None:
    """Puts Spark in the place of Databricks."""
    from databricks import sql

    from .connection import connect

    sql.connect = connect
