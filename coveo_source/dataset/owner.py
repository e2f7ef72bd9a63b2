"""Whose rows a dataset holds: one organization's, loaded by one pipeline.

It is written in the dataset itself, so that it holds whatever the machine and its working folder.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import dlt
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from ..exceptions import PipelineMismatch
from ..tables import EXPORTS, SOURCE, TABLES
from .sql import DatasetSql, StateTable, client_of_dataset

RECORD = StateTable(
    "_coveo_dataset",
    dataset_id="text",
    org="text",
    host="text",
    pipeline_name="text",
    is_former="bool",
    salt="text",
    claimed_at="timestamp",
    holder="text",
    held_by="text",
    heartbeat_at="timestamp",
    expires_at="timestamp",
)
"""The table with one row about the dataset: its owner, and who is writing to it now."""

_OWNER = ("dataset_id", "org", "host", "pipeline_name", "is_former", "salt")


@dataclass(frozen=True)
class Owner:
    """An organization and the pipeline that loads it.

    org, host: None for a command that asks nothing of Coveo
    """

    pipeline: str
    org: str | None = None
    host: str | None = None

    def __str__(self) -> str:
        organization = f"{self.org} at {self.host}, " if self.org else ""
        return f"{organization}loaded by the pipeline {self.pipeline}"


@dataclass(frozen=True)
class DatasetRecord:
    """What a dataset says of itself.

    id: identifies the dataset whatever it is called and wherever it is
    is_former: whether a version that kept no such record loaded into it before
    salt: of the hashes of what was erased
    """

    id: str
    owner: Owner
    is_former: bool
    salt: str


def read_record(dataset: DatasetSql) -> DatasetRecord | None:
    """Returns the record of a dataset; None if it has none."""
    if not dataset.columns(RECORD.name).get(RECORD.name):
        return None
    names = ", ".join(map(dataset.column, _OWNER))
    for row in dataset.rows(f"select {names} from {dataset.table(RECORD.name)}"):
        dataset_id, org, host, pipeline, is_former, salt = row
        return DatasetRecord(dataset_id, Owner(pipeline, org, host), bool(is_former), salt)
    return None


def claim(pipeline: dlt.Pipeline, dataset: DatasetSql, owner: Owner) -> DatasetRecord:
    """Writes the owner into a dataset that has none; returns the dataset's record.

    Raises:
        PipelineMismatch: if it holds the rows of another organization or pipeline
    """
    known = read_record(dataset)
    record = known or _former_record(pipeline, dataset, owner)
    if not _is_same(record.owner, owner) and not (known and _is_empty(dataset)):
        check_owner(record, owner, pipeline.dataset_name)
    if not known:
        dataset.create(RECORD)
        dataset.insert(RECORD.name, {**_values(record), "claimed_at": dataset.now()})
    return record


def check_owner(record: DatasetRecord, owner: Owner, dataset_name: str) -> None:
    """Raises a PipelineMismatch if a dataset holds the rows of another owner."""
    if not _is_same(record.owner, owner):
        raise PipelineMismatch(
            f"The dataset {dataset_name} holds the rows of {record.owner}. Those of {owner} would"
            " mix with them; nothing was changed. Load them into a dataset of their own, with"
            " --dataset-name, or use that pipeline's name and organization."
        )


def settle(dataset: DatasetSql, record: DatasetRecord, owner: Owner) -> DatasetRecord:
    """Makes an owner the owner of a dataset that it may write to; returns the record.

    As long as nothing was loaded, whoever claimed it before may have mistyped the organization.
    """
    if _is_same(record.owner, owner):
        return record
    settled = DatasetRecord(record.id, owner, record.is_former, record.salt)
    dataset.update(RECORD.name, _values(settled), "dataset_id = %s", record.id)
    return settled


def _is_same(owner: Owner, claimed: Owner) -> bool:
    organization = claimed.org is None or (owner.org, owner.host) == (claimed.org, claimed.host)
    return owner.pipeline == claimed.pipeline and organization


def _values(record: DatasetRecord) -> dict[str, object]:
    owner = record.owner
    values = (record.id, owner.org, owner.host, owner.pipeline, record.is_former, record.salt)
    return dict(zip(_OWNER, values, strict=True))


def _is_empty(dataset: DatasetSql) -> bool:
    """Returns True if none of the source's tables has a row."""
    existing = [name for name, columns in dataset.columns(EXPORTS, *TABLES).items() if columns]
    return not any(
        dataset.rows(f"select 1 from {dataset.table(name)} limit 1") for name in existing
    )


def _former_record(pipeline: dlt.Pipeline, dataset: DatasetSql, owner: Owner) -> DatasetRecord:
    """Returns the record of a dataset that has none: new, or loaded by an earlier version."""
    new = DatasetRecord(uuid4().hex, owner, False, uuid4().hex)
    if not dataset.exists or _is_empty(dataset):
        return new
    states = _stored_states(pipeline, dataset)
    if not states:
        # loaded with `restore_from_destination` switched off, so the exports say all there is
        states = {owner.pipeline: {}}
    name = owner.pipeline if owner.pipeline in states else min(states)
    state = states[name]
    organization = state.get("organization", {"org": owner.org, "host": owner.host})
    held = Owner(name, _organizations(dataset, organization["org"]), organization["host"])
    return DatasetRecord(state.get("dataset_id") or new.id, held, True, new.salt)


def _organizations(dataset: DatasetSql, known: str | None) -> str | None:
    """Returns the organization whose exports were loaded, or all that were mixed by mistake."""
    rows = dataset.rows(f"select distinct org from {dataset.table(EXPORTS)}")
    orgs = {org for (org,) in rows} | {known}
    return " and ".join(sorted(filter(None, orgs))) or None


def _stored_states(pipeline: dlt.Pipeline, dataset: DatasetSql) -> dict[str, Any]:
    """Returns the source's state in each pipeline whose state the dataset holds."""
    client = client_of_dataset(pipeline)
    table = dataset.table("_dlt_pipeline_state")
    names = [name for (name,) in dataset.rows(f"select distinct pipeline_name from {table}")]
    found = {}
    if isinstance(client, WithStateSync):
        with client:
            for name in names:
                try:
                    state: Any = load_pipeline_state_from_destination(name, client)
                except DestinationUndefinedEntity:
                    continue
                if state and SOURCE in state.get("sources", {}):
                    found[name] = state["sources"][SOURCE]
    return found
