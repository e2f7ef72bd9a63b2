"""The verb `run`, and then seven of the models in the same process: `run` itself builds all.

It takes the arguments of `python -m coveo_source`, with `--no-models` among them. Those models that
the seven read are built too.
"""

import sys

from coveo_source.__main__ import main

SEVEN_MODELS = (
    "all_events",
    "visits",
    "search_outcomes",
    "query_performance",
    "content_gaps",
    "document_performance",
    "daily_metrics",
)
"""The models that the package began with; they have most of the rows."""

if __name__ == "__main__":
    main()
    pipeline = sys.argv[1 : sys.argv.index("run")]
    sys.argv = [sys.argv[0], *pipeline, "models", "--select", *SEVEN_MODELS]
    main()
