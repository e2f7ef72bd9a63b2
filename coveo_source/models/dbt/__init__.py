"""The same models as a dbt project."""
