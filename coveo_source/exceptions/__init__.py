"""The errors that coveo_source raises, as one tree.

CoveoSourceError
 x SettingError            a setting is missing or not accepted; before the load began
 x SourceMisused           the source is used in a way that would lose rows, or cannot work
 x PipelineMismatch        the pipeline or dataset holds the data of another owner
   x NothingLoaded         it holds nothing at all
 x PipelineBusy            another process is loading into the pipeline
   x DatasetBusy           another run is writing to the dataset, maybe on another machine
 x DatabaseUnusable        the file of the database cannot be opened
   x DatabaseHeld          another process has it open
   x FolderMissing         its folder is not where the pipeline remembers it
 x CopyNotWritten          the copy for readers could not be written; a former one is as it was
 x TooEarly                the range has just ended; its last events may be missing
 x LeaseLost               another run has taken over the dataset
 x ServiceUnreachable      a host did not answer, after all retries
   x TooSlow               it sends at a lower rate than min_download_rate
 x ApiError                Coveo refused a request
   x AccessDenied          401 or 403: wrong key or missing privileges
   x ExportNotFound        404: no such export
   x QuotaReached          the organization cannot keep another export
 x ClockMismatch           an answer of Coveo tells another time than this machine's clock
 x UnknownAnswer           an answer is not what Coveo documents
 x ExportError             an export will never have a file
   x ExportFailed          Coveo reports it as FAILED
   x ExportExpired         its file is gone
   x ExportTimedOut        still PENDING after the time limit
   x UnknownStatus         a status that this version does not know
 x IncompleteExport        with `strict`: an export may not be whole
 x RowLimitReached         the smallest window still has more rows than one export may
 x UnsafeAddress           Coveo named an address that must not be downloaded from
 x FileError               the downloaded file is not what Coveo describes
   x ArchiveError          the ZIP should not be opened
     x ArchiveDamaged      the ZIP is corrupt or incomplete
   x TableError            a CSV file cannot be read as the table that it is named for
     x ValueRejected       with `strict`: a cell or record does not fit
     x TooManyRejected     more than max_rejected_share of the records do not fit
 x PackageNotLoaded        the destination refuses a load package, which stays on disk
 x TableUnusable           a table lacks a column without which nothing can be loaded into it
 x CountMismatch           the destination holds other rows than the file did
 x UnsafeReplacement       a replacement might remove rows that are not to go
 x ErasureUnfinished       rows are erased, but something still holds values of them
 x ModelError              a SQL model failed; the load before it is intact
   x CheckError            a data test of a model cannot be run as written
 x ReportError             the database refuses a query of a report
 x ProjectError            a dbt project cannot be written to the given folder

Errors that another run may get past are transient in dlt's terms, all others terminal.
"""

from .base import CoveoSourceError
from .exports import (
    ExportError,
    ExportExpired,
    ExportFailed,
    ExportTimedOut,
    IncompleteExport,
    RowLimitReached,
    UnknownStatus,
)
from .files import (
    ArchiveDamaged,
    ArchiveError,
    FileError,
    TableError,
    TooManyRejected,
    ValueRejected,
)
from .runs import (
    CheckError,
    CopyNotWritten,
    CountMismatch,
    DatabaseHeld,
    DatabaseUnusable,
    DatasetBusy,
    ErasureUnfinished,
    FolderMissing,
    LeaseLost,
    ModelError,
    NothingLoaded,
    PackageNotLoaded,
    PipelineBusy,
    PipelineMismatch,
    ProjectError,
    ReportError,
    SettingError,
    SourceMisused,
    TableUnusable,
    TooEarly,
    UnsafeReplacement,
)
from .service import (
    AccessDenied,
    ApiError,
    ClockMismatch,
    ExportNotFound,
    QuotaReached,
    ServiceUnreachable,
    TooSlow,
    UnknownAnswer,
    UnsafeAddress,
)

__all__ = [
    "AccessDenied",
    "ApiError",
    "ArchiveDamaged",
    "ArchiveError",
    "CheckError",
    "ClockMismatch",
    "CopyNotWritten",
    "CountMismatch",
    "CoveoSourceError",
    "DatabaseHeld",
    "DatabaseUnusable",
    "DatasetBusy",
    "ErasureUnfinished",
    "ExportError",
    "ExportExpired",
    "ExportFailed",
    "ExportNotFound",
    "ExportTimedOut",
    "FileError",
    "FolderMissing",
    "IncompleteExport",
    "LeaseLost",
    "ModelError",
    "NothingLoaded",
    "PackageNotLoaded",
    "PipelineBusy",
    "PipelineMismatch",
    "ProjectError",
    "QuotaReached",
    "ReportError",
    "RowLimitReached",
    "ServiceUnreachable",
    "SettingError",
    "SourceMisused",
    "TableError",
    "TableUnusable",
    "TooEarly",
    "TooManyRejected",
    "TooSlow",
    "UnknownAnswer",
    "UnknownStatus",
    "UnsafeAddress",
    "UnsafeReplacement",
    "ValueRejected",
]
