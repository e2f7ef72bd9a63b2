"""A local server that speaks Coveo's exports API, and the traffic that it exports.

It keeps to the published API; what is not published is inferred, and said to be so where it is
written. Nothing of it needs an account or the network.
"""

from .exports import Export, Status
from .files import Dialect, Member, csv_chunks, write_archive
from .records import COLUMNS, CUSTOM_DIMENSIONS, Record
from .server import API_KEY, ORG, Clock, DemoServer, Intercept, utc_now
from .traffic import LONGEST_DELAY, Keep, Row, Traffic
from .wire import Request, Response

__all__ = [
    "API_KEY",
    "COLUMNS",
    "CUSTOM_DIMENSIONS",
    "LONGEST_DELAY",
    "ORG",
    "Clock",
    "DemoServer",
    "Dialect",
    "Export",
    "Intercept",
    "Keep",
    "Member",
    "Record",
    "Request",
    "Response",
    "Row",
    "Status",
    "Traffic",
    "csv_chunks",
    "utc_now",
    "write_archive",
]
