"""HTTP to Coveo's exports API, and nothing else.

client: one method for each operation of the API
retries: which requests are retried, how often, and after what pause
errors: turns a response with which Coveo refuses a request into an error
"""

from .client import CoveoClient, client_of

__all__ = ["CoveoClient", "client_of"]
