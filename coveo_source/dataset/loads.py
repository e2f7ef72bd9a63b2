"""dlt's list of complete loads, without which it takes no row and no state for loaded."""

from dlt.common.schema import Schema

from ..tables import EXPORTS
from .audit_tables import RECONCILED_AT
from .sql import DatasetSql


def restore_loads(dataset: DatasetSql, schema: Schema) -> int:
    """Lists loads again that the audit trail proves to be complete; returns how many.

    They are missing only if somebody has emptied the list.
    """
    columns = dataset.columns(EXPORTS)[EXPORTS]
    if not {"_dlt_load_id", RECONCILED_AT} <= set(columns):
        return 0
    loads = dataset.table(schema.loads_table_name)
    proved = dataset.rows(
        f"select distinct _dlt_load_id from {dataset.table(EXPORTS)}"
        f" where {RECONCILED_AT} is not null and _dlt_load_id not in (select load_id from {loads})"
    )
    names = ("load_id", "schema_name", "status", "inserted_at", "schema_version_hash")
    now = dataset.now()
    rows = [(load_id, schema.name, 0, now, schema.version_hash) for (load_id,) in proved]
    dataset.insert_all(schema.loads_table_name, names, rows)
    return len(rows)
