"""What is said of tables and columns in dlt's schema, from where destinations and dbt take it."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from dlt.common.normalizers.naming import NamingConvention

from ..dataset import AUDIT_MEANINGS, AUDIT_TABLE_MEANINGS
from ..meanings import MEANINGS, TABLE_MEANINGS
from ..tables import TABLES
from .column_names import ColumnNames, plain_column
from .dimensions import Dimension

_LOAD_ID = {"_dlt_load_id": "Id of the load that wrote the row, as in _dlt_loads."}


class Descriptions:
    """The descriptions of the tables that the source loads.

    dimensions: Coveo's list of them; None if it is not known now
    names: the columns of dimensions
    naming: of the destination
    described: the columns that have a description, by table
    """

    def __init__(
        self,
        dimensions: Sequence[Dimension] | None,
        names: ColumnNames,
        naming: NamingConvention,
        described: Mapping[str, Collection[str]],
    ) -> None:
        self._dimensions = dimensions
        self._names = names
        self._naming = naming
        self._described = described

    def table(self, name: str) -> str:
        """Returns the description of a table."""
        return {**TABLE_MEANINGS, **AUDIT_TABLE_MEANINGS}[name]

    def columns(self, table: str, names: Iterable[str]) -> dict[str, str]:
        """Returns the descriptions of some columns, by their names as they are given.

        names: of columns in the dataset, or API names of those that are called likewise
        """
        known = {**self._texts(table), **_LOAD_ID}
        columns = {name: plain_column(name, self._naming) for name in names}
        return {name: known[column] for name, column in columns.items() if column in known}

    def _texts(self, table: str) -> dict[str, str]:
        """Returns the description of each column of a table that has one."""
        if table not in TABLES:
            return AUDIT_MEANINGS[table]
        documented = TABLES[table].columns + TABLES[table].newer
        columns = self._names.known(documented)
        texts = {columns[name]: MEANINGS[name] for name in documented}
        if self._dimensions is None:
            # without Coveo's display names, what is there says more
            return {
                column: text
                for column, text in texts.items()
                if column not in self._described.get(table, ())
            }
        columns = self._names.known(each.api_name for each in self._dimensions)
        # if one comes twice, the first entry counts
        for each in reversed(self._dimensions):
            if each.description and each.may_be_in(table) and each.api_name in columns:
                texts[columns[each.api_name]] = each.description
        return texts
