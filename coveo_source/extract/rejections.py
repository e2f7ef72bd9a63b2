"""How much of a table was rejected, and whether that is too much to be called a success.

A few bad values are kept aside, and the rest is loaded. But if a file is written in another way
than we know, nearly all of it is rejected: then nothing is loaded until somebody has had a look.
"""

from collections import Counter

from ..exceptions import TooManyRejected
from ..reader import ACCEPTED, WHOLE_RECORD, Batch, Misfits
from ..tables import Table, column_type

_FEW = 10
"""So many records may have something rejected, whatever their share."""


class RejectionTally:
    """What was rejected of one table of an export.

    most: the share (0 to 1) of its records that may have something rejected
    """

    def __init__(self, table: Table, most: float) -> None:
        self._table = table
        self._most = most
        self._records = 0
        self._left_out = 0
        self._rejected = 0
        self._misfits: dict[str, Misfits] = {}

    def add(self, batch: Batch, left_out: int) -> None:
        """Counts a batch.

        left_out: how many of its records did not become rows when it was read
        """
        self._records += batch.records
        self._left_out += left_out
        self._rejected += batch.misfit_records
        for column, found in batch.misfits.items():
            earlier = self._misfits.get(column)
            self._misfits[column] = earlier.and_more(found) if earlier else found

    def check(self, export: object) -> None:
        """Raises TooManyRejected if all records were left out, or too many have something rejected.

        export: names the export in the message
        """
        is_all = self._left_out == self._records > 0
        is_much = self._rejected > max(_FEW, self._most * self._records)
        if (is_all or is_much) and self._most < 1:
            raise TooManyRejected(
                str(export),
                self._table.file_name,
                self._rejected,
                self._records,
                self._worst_columns(),
                self._most,
            )

    def _worst_columns(self) -> str:
        """Returns the columns with most misfits, each with samples and what is accepted."""
        worst = Counter({name: found.cells for name, found in self._misfits.items()})
        return "; ".join(self._described(name) for name, _ in worst.most_common(3))

    def _described(self, column: str) -> str:
        found = self._misfits[column]
        samples = ", ".join(map(repr, found.samples))
        if column == WHOLE_RECORD:
            return f"whole records ({found.cells:,}), like {samples}: accepted are {_RECORDS}"
        accepted = "any text" if column in self._table.key else ACCEPTED[column_type(column)]
        return f"{column} ({found.cells:,}), like {samples}: accepted is {accepted}"


_RECORDS = "records with as many cells as the header, in the dialect of export_format"
