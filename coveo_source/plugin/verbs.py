"""All verbs, in the order in which they are listed."""

from .loaded import EraseVerb, FreshnessVerb, ModelsVerb, ReportVerb
from .loading import PlanVerb, RunVerb
from .verb import Verb

VERBS: tuple[type[Verb], ...] = (
    RunVerb,
    PlanVerb,
    ModelsVerb,
    ReportVerb,
    FreshnessVerb,
    EraseVerb,
)
