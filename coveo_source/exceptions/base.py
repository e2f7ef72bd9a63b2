"""The class that all errors of coveo_source have in common."""

from dlt.common.exceptions import DltException


class CoveoSourceError(DltException):
    """Base class of all errors that coveo_source raises on purpose."""
