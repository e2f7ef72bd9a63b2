"""HTTP to Coveo, and nothing else."""

from .client import CoveoClient, client_of
