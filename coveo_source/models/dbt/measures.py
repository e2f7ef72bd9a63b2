"""What the semantic layer measures, and by what it slices: the models with one row per event.

Those with one row per day or week are left out. Their distinct counts do not add up, and nothing
can slice them that they were not made for.
"""

from collections.abc import Mapping
from typing import NamedTuple

SLICERS = (
    *("origin", "origin_level2", "device_category", "country", "language", "query_pipeline"),
    *("split_test_run_name", "split_test_run_version"),
)
"""Columns to slice by, of every model that has them."""

WITH_DIMENSIONS = ("search_outcomes", "visits", "query_visits")
"""The models that have the dimensions of the setting `model_dimensions` as columns."""

PEOPLE = "is_person"
"""The column that is true where a person acted, not a robot or somebody of the organization."""


class Measure(NamedTuple):
    """What is aggregated over the rows of a model; also a metric of that name, of people only.

    expression: SQL over the columns of the model
    aggregation: how, in MetricFlow's words; `sum_boolean` counts the rows where it is true
    """

    name: str
    description: str
    expression: str
    aggregation: str = "sum_boolean"


class Ratio(NamedTuple):
    """A metric that divides one measure by another, each aggregated first."""

    name: str
    description: str
    numerator: str
    denominator: str


class Measured(NamedTuple):
    """One model and what is measured of it.

    entity: what one row is; slicers are addressed by it, as in `search__origin`
    key: the column that identifies a row
    references: the columns by which a row refers to rows of other models, by their entity
    slicers: columns to slice by, beside `SLICERS`
    """

    model: str
    entity: str
    key: str
    references: Mapping[str, str]
    slicers: tuple[str, ...]
    measures: tuple[Measure, ...]
    ratios: tuple[Ratio, ...]


_SEARCHES = (
    Measure("searches", "Searches of all kinds, typed or not.", "true"),
    Measure(
        "manual_searches",
        "Searches that somebody typed or chose, not those that a page or a facet made.",
        "cause_kind = 'manual'",
    ),
    Measure("searches_with_clicks", "Searches of which a result was clicked.", "has_click"),
    Measure("searches_without_results", "Searches that found nothing.", "not has_results"),
    Measure("searches_with_answers", "Searches for which an answer was given.", "has_answer"),
    Measure(
        "answered_searches",
        "Searches for which an answer was given, and at most its sources clicked.",
        "outcome = 'answered'",
    ),
    Measure(
        "successful_searches",
        "Searches after which something was clicked or an answer was given.",
        "is_successful",
    ),
    Measure(
        "refined_searches",
        "Searches without success that another search of the visit followed.",
        "is_refined",
    ),
    Measure(
        "abandoned_searches",
        "Searches without success that were the last of their visit.",
        "is_abandoned",
    ),
    Measure("clicks", "Clicks that opened a result or viewed one quickly.", "clicks", "sum"),
    Measure(
        "ranked_clicks",
        "Clicks on results whose rank is known and at least 1.",
        "ranked_clicks",
        "sum",
    ),
    Measure(
        "click_rank_sum", "Sum of the known ranks of clicks on results.", "click_rank_sum", "sum"
    ),
)

_VISITS = (
    Measure("visits", "Visits, each on the day on which it began.", "true"),
    Measure("visitors", "Distinct browsers or devices.", "visitor_id", "count_distinct"),
    Measure("users", "Distinct users whose name is known.", "user_name", "count_distinct"),
    Measure("visits_with_clicks", "Visits in which a result was clicked.", "has_click"),
)

_QUERY_VISITS = (
    Measure(
        "query_visits",
        "Queries that people asked: each once in a visit, with all that they did about it.",
        "true",
    ),
    Measure(
        "successful_query_visits",
        "Queries asked after which something was clicked or an answer was given.",
        "is_successful",
    ),
    Measure(
        "query_visits_without_results",
        "Queries asked for which no search found anything.",
        "not has_results",
    ),
)

_ANSWERS = (
    Measure(
        "requested_answers",
        "Searches for which an answer was asked for, whether or not one was given.",
        "true",
    ),
    Measure("given_answers", "Searches for which an answer was given.", "has_answer"),
    Measure(
        "answers_with_citations",
        "Answers given of which a source was opened.",
        "has_answer and citation_clicks > 0",
    ),
    Measure(
        "citation_clicks", "How often sources of answers were opened.", "citation_clicks", "sum"
    ),
    Measure(
        "citation_hovers",
        "How often the pointer rested on a source of an answer.",
        "citation_hovers",
        "sum",
    ),
    Measure("answer_likes", "How often answers were liked.", "likes", "sum"),
    Measure("answer_dislikes", "How often answers were disliked.", "dislikes", "sum"),
    Measure("answer_copies", "How often answers were copied.", "copies", "sum"),
)

_CASES = (
    Measure("case_visits", "Visits in which somebody began a case.", "true"),
    Measure("submitted_cases", "Visits in which a case was submitted.", "is_submitted"),
    Measure("deflected_cases", "Visits with a case begun and none submitted.", "is_deflected"),
    Measure(
        "solved_cases",
        "Visits in which a case was cancelled because the problem was solved.",
        "outcome = 'solved'",
    ),
)

MEASURED = (
    Measured(
        model="search_outcomes",
        entity="search",
        key="search_id",
        references={"visit": "visit_id"},
        slicers=(
            *("query", "action_cause", "cause_kind"),
            *("has_results", "has_click", "has_answer", "outcome"),
        ),
        measures=_SEARCHES,
        ratios=(
            Ratio(
                "search_clickthrough",
                "Share of the searches of which a result was clicked, from 0 to 1.",
                "searches_with_clicks",
                "searches",
            ),
            Ratio(
                "average_click_rank",
                "Average rank of the clicks on results, from 1 (lower is better).",
                "click_rank_sum",
                "ranked_clicks",
            ),
            Ratio(
                "share_without_results",
                "Share of the searches that found nothing, from 0 to 1.",
                "searches_without_results",
                "searches",
            ),
            Ratio(
                "search_success",
                "Share of the searches after which something was clicked or an answer was given.",
                "successful_searches",
                "searches",
            ),
        ),
    ),
    Measured(
        model="visits",
        entity="visit",
        key="visit_id",
        references={},
        slicers=("origin_context", "is_mobile", "browser", "operating_system", "region", "city"),
        measures=_VISITS,
        ratios=(
            Ratio(
                "visit_clickthrough",
                "Share of the visits in which a result was clicked, from 0 to 1.",
                "visits_with_clicks",
                "visits",
            ),
        ),
    ),
    Measured(
        model="query_visits",
        entity="query_visit",
        key="first_search_id",
        references={"search": "first_search_id", "visit": "visit_id"},
        slicers=("query", "has_results", "has_click", "has_answer", "outcome"),
        measures=_QUERY_VISITS,
        ratios=(
            Ratio(
                "query_visit_success",
                "Share of the queries asked after which something was clicked or answered.",
                "successful_query_visits",
                "query_visits",
            ),
            Ratio(
                "share_of_query_visits_without_results",
                "Share of the queries asked for which no search found anything, from 0 to 1.",
                "query_visits_without_results",
                "query_visits",
            ),
        ),
    ),
    Measured(
        model="generated_answers",
        entity="generated_answer",
        key="search_id",
        references={"search": "search_id", "visit": "visit_id"},
        slicers=("query", "has_answer", "is_empty", "has_click", "outcome"),
        measures=_ANSWERS,
        ratios=(
            Ratio(
                "answer_rate",
                "Share of the answers asked for that were given, from 0 to 1.",
                "given_answers",
                "requested_answers",
            ),
            Ratio(
                "citation_rate",
                "Share of the answers given of which a source was opened, from 0 to 1.",
                "answers_with_citations",
                "given_answers",
            ),
        ),
    ),
    Measured(
        model="case_visits",
        entity="case_visit",
        key="visit_id",
        references={"visit": "visit_id"},
        slicers=("has_answer", "cancel_reason", "outcome"),
        measures=_CASES,
        ratios=(
            Ratio(
                "case_deflection",
                "Share of the cases begun that were not submitted, from 0 to 1.",
                "deflected_cases",
                "case_visits",
            ),
        ),
    ),
)
