"""How much of a table may be rejected."""

from pathlib import Path

import pytest

from coveo_source.exceptions import TooManyRejected
from coveo_source.extract.rejections import RejectionTally
from tests.support.csv_builders import SEARCHES, TIME, read_back


def checked(folder: Path, sound: int, bad_cells: int, left_out: int, most: float = 0.25) -> None:
    """Reads a table with so many records of each kind, and checks what was rejected."""
    kinds = [("3", TIME)] * sound + [("3,5", TIME)] * bad_cells + [("3", "never")] * left_out
    rows = [(str(number), *kind) for number, kind in enumerate(kinds)]
    tally = RejectionTally(SEARCHES, most)
    for batch in read_back(folder, [("id", "numberOfResults", "datetime"), *rows]):
        tally.add(batch, batch.records - batch.rows.num_rows)
    tally.check("The export e")


@pytest.mark.parametrize(
    ("sound", "bad_cells", "left_out"),
    [(0, 0, 0), (1, 0, 1), (0, 10, 0), (1, 5, 5), (30, 10, 0), (36, 6, 6), (1, 0, 10)],
)
def test_a_few_or_a_small_share_may_be_rejected(
    own_folder: Path, sound: int, bad_cells: int, left_out: int
) -> None:
    checked(own_folder, sound, bad_cells, left_out)


@pytest.mark.parametrize(
    ("sound", "bad_cells", "left_out"),
    [(0, 0, 1), (0, 0, 10), (0, 11, 0), (30, 11, 0), (35, 7, 6), (1, 0, 11)],
)
def test_all_or_a_large_share_may_not(
    own_folder: Path, sound: int, bad_cells: int, left_out: int
) -> None:
    rejected, records = bad_cells + left_out, sound + bad_cells + left_out
    with pytest.raises(
        TooManyRejected, match=rf"The export e: {rejected} of the {records} records"
    ):
        checked(own_folder, sound, bad_cells, left_out)


def test_a_user_may_allow_everything_or_only_a_few(own_folder: Path) -> None:
    checked(own_folder, 0, 0, 50, most=1)
    checked(own_folder, 1_000, 10, 0, most=0)
    with pytest.raises(TooManyRejected):
        checked(own_folder, 1_000, 11, 0, most=0)
