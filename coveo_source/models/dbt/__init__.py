"""The models as a dbt project.

macros: the Jinja for the names of tables and for the touched units
project: the files of the project
writer: writes them into a folder, and overwrites nothing that was changed by hand
files: what is the same in every project
"""

from .project import write_project

__all__ = ["write_project"]
