"""A CSV file of an export, as batches of typed rows and of rejects."""

from .casting import Batch
from .chunks import CsvFile, PlainFile, Readable
from .csv_reader import read_csv
from .header import read_header
from .rejects import WHOLE_RECORD, raise_rejection
