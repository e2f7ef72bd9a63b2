"""The same models as a dbt project."""

from .project import write_project
