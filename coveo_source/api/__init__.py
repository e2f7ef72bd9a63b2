"""HTTP to Coveo, and nothing else."""

from .client import CoveoClient, client_of
from .pauses import LONGEST_PAUSE, PATIENCE, Say, pause
from .rates import pieces
