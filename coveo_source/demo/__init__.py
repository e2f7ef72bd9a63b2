"""A local server that speaks Coveo's exports API, and the generated traffic that it exports.

It needs neither an account nor the network. It follows the published API; behavior that is not
published is inferred, and is marked as inferred where it is implemented.

A request passes through the modules in this order:

1. `wire`: the HTTP server. Reads a `Request` from the connection and writes the `Response`.
2. `server`: `DemoServer`. Logs the request, offers it to the interceptor (`faults` has ready-made
   ones), and hands it to the API or the storage.
3. `api`: checks the key and the organization, and routes the request to its endpoint.
4. `parameters`, with `dimensions` and `filters`: read and check what is to be exported.
5. `exports`: stores the exports and builds each in a thread of its own.
6. `traffic`: the events in a range that have arrived by a given time, and their counts.
7. `journeys`, with `people`, `vocabulary` and `visits`: draws at random what visitors do and search
   for; `features` adds what the site offers beside results, from generated answers to cases.
8. `records`, with `suggestions` and `oddities`: turns an event into a row, every value as text.
9. `files`: writes the rows as CSV files into a ZIP archive.
10. `storage`: serves that archive under a signed link.

`errors` has the API's error answers, `directly` the way to the server where a proxy is set.
`__main__` is the command `python -m coveo_source.demo`.
"""

from .directly import reached_directly
from .exports import Export, Status
from .files import Dialect, Member, csv_chunks, write_archive
from .records import COLUMNS, CUSTOM_DIMENSIONS, Record
from .server import API_KEY, ORG, Clock, DemoServer, Intercept, utc_now
from .traffic import LONGEST_DELAY, EventFilter, Row, Traffic
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
    "EventFilter",
    "Export",
    "Intercept",
    "Member",
    "Record",
    "Request",
    "Response",
    "Row",
    "Status",
    "Traffic",
    "csv_chunks",
    "reached_directly",
    "utc_now",
    "write_archive",
]
