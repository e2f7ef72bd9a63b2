"""What a dimension is called in the dataset, so that no two columns have the same name.

Columns have the API names of their dimensions in snake case. Different dimensions may come to the
same name, and some names are reserved; then a dimension gets a number at the end: `c_pageType` is
`c_page_type_2` if there is a dimension `c_page_type`. A name once given is remembered for good, and
is the same in all tables, as the timeline joins them by the names of their columns.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

from dlt.common.normalizers.naming import NamingConvention
from dlt.common.normalizers.naming.snake_case import NamingConvention as SnakeCase

from ..reader import Batch
from ..tables import COVEO_COLUMNS, DLTS, is_ours, is_reserved
from .state import PipelineState


class ColumnNames:
    """The columns of all dimensions of a pipeline.

    state: remembers them
    naming: of the destination
    stored: names of the columns that the dataset holds already
    say: called with what a user has to know, once
    """

    def __init__(
        self,
        state: PipelineState,
        naming: NamingConvention,
        stored: Iterable[str],
        say: Callable[[str], None],
    ) -> None:
        self._state = state
        self._naming = naming
        self._stored = frozenset(stored)
        self._say = say

    @property
    def settled(self) -> frozenset[str]:
        """API names of the dimensions that have their column."""
        return frozenset(self._state.column_names)

    def settle(self, names: Iterable[str]) -> dict[str, str]:
        """Decides on the columns of some dimensions; returns those that are called otherwise here.

        names: API names of all columns of an export
        """
        names = set(names)
        known = self._state.column_names
        new = new_columns(names, known, self._naming)
        self._state.add_column_names(new)
        for name, column in called_otherwise(new).items():
            self._say(self._news(name, column))
        present = {name: column for name, column in (known | new).items() if name in names}
        return called_otherwise(present)

    def columns(self, names: Iterable[str]) -> list[str]:
        """Returns the columns of API names that are settled."""
        known = self._state.column_names
        return [known.get(name) or self._plain(name) for name in names]

    def known(self, names: Iterable[str]) -> dict[str, str]:
        """Returns the columns of API names, without those whose column may be another's.

        names: of dimensions that exports may have brought or not
        """
        settled = self._state.column_names
        taken = {*settled.values(), *map(self._plain, COVEO_COLUMNS)}
        columns = {name: settled.get(name) or self._plain(name) for name in names}
        return {
            name: column
            for name, column in columns.items()
            if name in settled
            or name in COVEO_COLUMNS
            or not (column in taken or is_reserved(column))
        }

    def named(self, batch: Batch) -> Batch:
        """Returns a batch whose columns have names that stay apart in the destination."""
        columns = self._state.column_names
        # the others keep their API names, which steps of a library user may know
        names = [
            name
            if columns.get(name) in (None, self._naming.normalize_path(name))
            else columns[name]
            for name in batch.rows.column_names
        ]
        return batch._replace(rows=batch.rows.rename_columns(names))

    def _plain(self, name: str) -> str:
        return plain_column(name, self._naming)

    def _news(self, name: str, column: str) -> str:
        text = f"The dimension {name} is the column {column}."
        former = self._plain(name)
        if former in self._stored and is_ours(former):
            text += (
                f" The column {former}, which an earlier version loaded, stays as it is; the models"
                " leave it out."
            )
        return text


def new_columns(
    names: Iterable[str], known: Mapping[str, str], naming: NamingConvention
) -> dict[str, str]:
    """Returns the columns of those dimensions that have none yet, by API name.

    Coveo's own columns come first, then what is known, then dimensions that can be called
    as they are, then those that are in snake case, then all others in alphabetical order.

    names: API names
    known: the columns of other dimensions, by API name
    """
    taken = {plain_column(name, naming).lower() for name in COVEO_COLUMNS}
    taken.update(column.lower() for column in known.values())
    found: dict[str, str] = {}
    plain = {name: plain_column(name, naming) for name in {*names} - COVEO_COLUMNS - {*known}}

    def rank(name: str) -> tuple[bool, bool, str]:
        return next(_candidates(plain[name], naming)) != name, plain[name] != name, name

    for name in sorted(plain, key=rank):
        candidates = _candidates(plain[name], naming)
        found[name] = next(column for column in candidates if column.lower() not in taken)
        taken.add(found[name].lower())
    return found


def plain_column(name: str, naming: NamingConvention) -> str:
    """Returns the column of an API name as dlt makes it, whatever other columns there are."""
    # of a name that is all underscores a path is empty
    column = naming.normalize_path(name) or naming.normalize_identifier(name)
    # dlt may shorten a name so that it would change what it made of it
    return column if column == name else plain_column(column, naming)


def called_otherwise(columns: Mapping[str, str]) -> dict[str, str]:
    """Returns those columns whose names are not just their API names in snake case."""
    snake_case = SnakeCase()
    return {
        name: column
        for name, column in sorted(columns.items())
        if column not in (name, plain_column(name, snake_case))
    }


def _candidates(column: str, naming: NamingConvention) -> Iterator[str]:
    """Yields names for a column, the best one first."""
    if column.startswith(DLTS):
        column = column.lstrip("_")
    if not is_reserved(column.lower()):
        yield column
    for number in count(2):
        yield _numbered(column, f"_{number}", naming)


def _numbered(column: str, number: str, naming: NamingConvention) -> str:
    """Returns a name with a number at the end, short enough for the destination."""
    if naming.max_length:
        # dlt would cut off a longer one, and write a hash into it
        column = column[: naming.max_length - len(number)].rstrip("_")
    return column + number
