"""A connection to a dataset."""

from typing import Any

import dlt
import pytest

from coveo_source.dataset.sql import client_of_dataset
from coveo_source.secrets import scrub


@pytest.mark.parametrize(
    "credentials",
    [
        "postgresql://loader:correct%2Fhorse%3Abattery@127.0.0.1:9/db",
        {
            "host": "127.0.0.1",
            "database": "db",
            "username": "me",
            "password": "correct/horse:battery",
        },
    ],
    ids=["address", "fields"],
)
def test_the_password_of_a_database_is_masked_wherever_an_error_quotes_it(
    credentials: Any,
) -> None:
    destination = dlt.destinations.postgres(credentials)
    pipeline = dlt.pipeline("coveo", destination=destination, dataset_name="coveo_ua")
    assert client_of_dataset(pipeline)
    assert scrub("invalid dsn: 'correct/horse:battery'") == "invalid dsn: '***'"
    assert scrub("no host battery@127.0.0.1") == "no host battery@127.0.0.1"
