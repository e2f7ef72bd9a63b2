"""The SQL models, from files to tables.

The modules, in the order in which a build uses them:

files, properties: read sql/*.sql and the YAML beside each file
qualify: names every column of a query, so that any database understands it
dialects: rewrites SQL where sqlglot's translation is not enough
resources: makes dlt resources of queries
state: reads which loads the models have consumed
touched: tells which visits, days, queries and documents a load touches
plan: decides which models to build, in full or by unit
pushdown: limits a model's query to its touched units
runner: builds the models, one load package for each group
errors: names the file and the line of a model that failed
data_tests: runs the data tests of the YAML files
dbt: writes the same models as a dbt project
"""

from .data_tests import Result, Status, run_data_tests
from .files import selected, sql_folder
from .properties import read_folder
from .runner import build

__all__ = ["Result", "Status", "build", "read_folder", "run_data_tests", "selected", "sql_folder"]
