"""What is said of tables and columns in dlt's schema, from where destinations and dbt take it."""

from collections.abc import Sequence
from typing import Any

from dlt.common.schema import Schema
from dlt.common.schema.typing import C_DLT_LOAD_ID

from ..dataset import AUDIT_MEANINGS, AUDIT_TABLE_MEANINGS
from ..meanings import MEANINGS, TABLE_MEANINGS
from ..tables import TABLES
from .column_names import ColumnNames
from .dimensions import Dimension

_LOAD_ID = {C_DLT_LOAD_ID: "Id of the load that wrote the row, as in _dlt_loads."}


class Descriptions:
    """The descriptions of the tables that the source loads.

    dimensions: Coveo's list of them; None if it is not known now
    names: the columns of dimensions
    """

    def __init__(self, dimensions: Sequence[Dimension] | None, names: ColumnNames) -> None:
        self._dimensions = dimensions
        self._names = names

    def add(self, schema: Schema, table: str) -> None:
        """Adds the descriptions of a table and its columns to a schema.

        As hints on the rows, dlt would look at all of them again for every batch.
        """
        if table not in schema.tables:
            return
        columns = schema.get_table_columns(table)
        texts = {**self._texts(table), **_LOAD_ID}
        # without Coveo's display names, what is there says more
        keeps = self._dimensions is None and table in TABLES
        described: Any = {
            "name": table,
            "columns": {
                name: {"name": name, "description": texts[name]}
                for name, hints in columns.items()
                if name in texts and not (keeps and hints.get("description"))
            },
            "description": {**TABLE_MEANINGS, **AUDIT_TABLE_MEANINGS}[table],
        }
        schema.update_table(described)

    def _texts(self, table: str) -> dict[str, str]:
        """Returns the description of each column of a table that has one."""
        if table not in TABLES:
            return AUDIT_MEANINGS[table]
        documented = TABLES[table].columns + TABLES[table].newer
        columns = self._names.known(documented)
        texts = {columns[name]: MEANINGS[name] for name in documented}
        dimensions = self._dimensions or ()
        columns = self._names.known(each.api_name for each in dimensions)
        # if one comes twice, the first entry counts
        for each in reversed(dimensions):
            if each.description and each.may_be_in(table) and each.api_name in columns:
                texts[columns[each.api_name]] = each.description
        return texts
