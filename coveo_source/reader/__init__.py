"""A CSV file of an export, as batches of typed rows and of rejects."""

from .bounds import Bounds, Period
from .casting import Batch
from .chunks import CsvFile, PlainFile, Readable
from .csv_reader import read_csv
from .header import has_header, read_header
from .rejects import WHOLE_RECORD, Misfits, raise_rejection
from .values import ACCEPTED
