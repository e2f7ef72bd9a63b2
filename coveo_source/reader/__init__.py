"""Reads a CSV file of an export as batches of typed rows, with what does not fit beside them.

The modules, in the order in which a file passes through them:

header: reads the column names, and checks that they are the table's
grammar: defines what a valid record of each export format looks like
chunks: opens the file, plain or in an archive, and cuts it into chunks of whole records
arrow: parses the chunks that fit the grammar, with Arrow
fallback: reads the rest of a damaged file record by record
casting: casts cells to the types of their columns, as a batch
rejects: collects the cells and records that do not fit
readahead: prepares the next chunk and the next batch in background threads
csv_reader: joins these steps
"""

from .casting import Batch
from .chunks import CsvFile, PlainFile, Readable
from .csv_reader import read_csv
from .header import check_collisions
from .rejects import raise_rejection

__all__ = [
    "Batch",
    "CsvFile",
    "PlainFile",
    "Readable",
    "check_collisions",
    "raise_rejection",
    "read_csv",
]
