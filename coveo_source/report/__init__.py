"""A report: one HTML file with pictures of what the models hold, and a notebook to change it.

It needs the extra `report`, so it is imported only when a report is made.
"""

from .loaded import Origin
from .notebook import Connection, dlt_connection, duckdb_connection
from .queries import Place
from .report import ReportRequest, make_notebook, make_report
from .svg import Artist
