"""Events as rows of the files, every value as text and None for null."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from json import JSONEncoder
from typing import TypeAlias

from ..tables import TABLES
from .oddities import written_cause, written_rank
from .suggestions import suggestion_data
from .visits import ON_RESULTS, Click, CustomEvent, Search, Visit, uuid_of
from .vocabulary import Document, Facet

Record: TypeAlias = "dict[str, str | None]"
"""One row: values by API name of the column."""

_DAY_MS = 86_400_000

CUSTOM_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "searches": ("c_jsuiversion", "c_product", "c_facettitle"),
    "clicks": ("c_jsuiversion", "c_product", "c_contentidvalue"),
    "custom_events": (
        "c_jsuiversion",
        "c_loading_time",
        "c_pagelanguage",
        # as the developers of several pages name them, who do not know of each other
        "c_page_type",
        "c_pageType",
        "event_id",
    ),
    "keywords": (),
    "groups": (),
}
"""The custom dimensions of the demo's organization, by table."""

COLUMNS: dict[str, tuple[str, ...]] = {
    name: (*table.columns, *CUSTOM_DIMENSIONS[name]) for name, table in TABLES.items()
}
"""The header of each table's file."""

_UI_VERSION = "2.10085.5;2.10085.5"
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_MAX_CUSTOM_DATA_LENGTH = 160
"""Characters to which some long values of `customDatas` are cut off."""


def search_record(visit: Visit, search: Search, has_clicks: bool) -> Record:
    """Returns a row of `searches`.

    has_clicks: True if a click of the search has arrived
    """
    query, person = search.query, visit.person
    origin, tab, cause = visit.interface[0], search.tab, search.cause
    return {
        **_visit_columns(visit),
        "username": person.name,
        "id": uuid_of(search.id),
        "datetime": _timestamp(search.ms),
        "searchIsContextual": _flag(origin == "AgentPanel"),
        "actionCause": cause,
        "batchId": uuid_of(search.id ^ visit.id),
        "numberOfResults": str(query.results),
        "responseTimeMs": str(search.response_ms),
        "searchCustomData": "{}",
        "searchOriginLevel1": origin,
        "searchOriginLevel2": tab,
        "withResults": _flag(query.results > 0),
        "causeV2": cause,
        "queryPipeline": search.pipeline,
        "originLevel2": tab,
        "advancedQueryExpression": None if tab == "All" else f'(@tab=="{tab}")',
        "customDatas": _search_data(visit, search),
        "queryExpression": query.text,
        "withClicks": _flag(has_clicks),
        "c_jsuiversion": _UI_VERSION,
        "c_product": person.product,
        "c_facettitle": search.facet.title if search.facet else None,
    }


def click_record(visit: Visit, click: Click) -> Record:
    """Returns a row of `clicks`."""
    document = click.document
    cause = written_cause(click)
    return {
        **_visit_columns(visit),
        "username": visit.person.name,
        "clickId": uuid_of(click.id),
        "searchId": uuid_of(click.search_id),
        "datetime": _timestamp(click.ms),
        "clickRank": written_rank(click),
        "documentAuthor": document.author,
        "systemUriHash": document.uri_hash,
        "documentUrl": document.url,
        "rankingModifier": _ranking_modifier(click),
        "documentCategory": document.category,
        "causeV2": cause.v2,
        "queryPipeline": click.pipeline,
        "originLevel2": click.tab,
        "sourceName": document.source,
        "clickOriginLevel1": visit.interface[0],
        "clickOriginLevel2": click.tab,
        "customDatas": _click_data(visit, click, document),
        "collectionName": document.collection,
        "clickCustomData": "{}",
        "documentTitle": document.title,
        "clickCause": cause.v1,
        "c_jsuiversion": _UI_VERSION,
        "c_product": visit.person.product,
        "c_contentidvalue": document.url,
    }


def custom_record(visit: Visit, event: CustomEvent) -> Record:
    """Returns a row of `custom_events`."""
    language = visit.person.place.language
    return {
        **_visit_columns(visit),
        "userName": visit.person.name,
        "customEventId": uuid_of(event.id),
        "lastSearchId": None if event.search_id is None else uuid_of(event.search_id),
        "datetime": _timestamp(event.ms),
        "originLevel2": event.tab,
        "eventValue": event.value,
        "customDatas": f'{{"pagelanguage":"{language}","loading_time":{event.loading_ms}'
        f"{_more(event.data)}}}",
        "customEventCustomData": "{}",
        "eventType": event.type,
        "customEventOriginLevel1": visit.interface[0],
        "customEventOriginLevel2": event.tab,
        "c_jsuiversion": _UI_VERSION,
        "c_loading_time": str(event.loading_ms),
        "c_pagelanguage": language,
        "c_page_type": event.tab,
        "c_pageType": f"{visit.interface[0]} {event.tab}",
        "event_id": f"{event.type}-{event.id % 1_000_000}",
    }


def keyword_records(search: Search) -> Iterable[Record]:
    """Yields the rows of `keywords` for one search."""
    return _search_rows(search, "keyword", search.query.words)


def group_records(visit: Visit, search: Search) -> Iterable[Record]:
    """Yields the rows of `groups` for one search."""
    return _search_rows(search, "groupName", visit.person.groups)


def _timestamp(ms: int) -> str:
    """Returns a time in milliseconds since 1970 as in the files: `2019-10-01 04:00:17.797`."""
    day, ms_of_day = divmod(ms, _DAY_MS)
    minute, ms_of_minute = divmod(ms_of_day, 60_000)
    time = f"{minute // 60:02}:{minute % 60:02}:{ms_of_minute // 1000:02}.{ms % 1000:03}"
    return f"{_date(day)} {time}"


@lru_cache(maxsize=8)
def _date(day_number: int) -> str:
    return datetime.fromtimestamp(day_number * 86_400, timezone.utc).date().isoformat()


def _flag(value: bool) -> str:
    return "t" if value else "f"


def _search_rows(search: Search, column: str, values: Iterable[str]) -> Iterable[Record]:
    search_id, time = uuid_of(search.id), _timestamp(search.ms)
    return [{"searchId": search_id, column: value, "datetime": time} for value in values]


@lru_cache(maxsize=8)
def _visit_columns(visit: Visit) -> Record:
    """Returns the columns that have the same value in every event of a visit."""
    person, device, place = visit.person, visit.person.device, visit.person.place
    origin, context, referrer = visit.interface
    run, version = visit.test or (None, None)
    return {
        "userAgent": device.agent,
        "isInternal": _flag(person.internal),
        "operatingSystemWithVersion": device.system,
        "country": place.country,
        "city": place.city,
        "language": place.language,
        "browserWithVersion": device.version,
        "splitTestRunName": run,
        "splitTestRunVersion": version,
        "anonymous": _flag(person.name is None),
        "browser": device.browser,
        "userId": person.name and f"{person.name}-google",
        "originContext": context,
        "originLevel1": origin,
        "originLevel3": referrer,
        "deviceCategory": device.category,
        "region": place.region,
        "visitorId": uuid_of(visit.visitor),
        "mobile": device.mobile,
        "visitId": uuid_of(visit.id),
    }


def _search_data(visit: Visit, search: Search) -> str:
    """Returns `customDatas`: JSON, except for the few values that are cut off."""
    text, facet = search.query.text, search.facet
    title, value = (_encode(facet.title), _encode(facet.value)) if facet else ('""', '""')
    data = (
        f'{{"JSUIVersion":"{_UI_VERSION}","product":"{visit.person.product}"'
        f',"facetTitle":{title},"facetValue":{value}{_more(_data_by_cause(search))}'
        f',"query":{"null" if text is None else _encode(text)}'
        f',"page":"C:\\\\kiosk\\\\{visit.interface[1]}","pageTitle":"Results for \\"search\\""'
        f',"resultsPerPage":10,"sortCriteria":"relevancy","pageLocation":"{visit.interface[2]}'
        f'#sort=relevancy&numberOfResults=10&layout=list&first=0"}}'
    )
    return data[:_MAX_CUSTOM_DATA_LENGTH] if search.id % 251 == 0 else data


def _data_by_cause(search: Search) -> Mapping[str, object] | None:
    if search.facet:
        return _facet_data(search.facet, search.cause)
    return suggestion_data(search) if search.cause == "omniboxAnalytics" else search.data


def _facet_data(facet: Facet, cause: str) -> Mapping[str, object]:
    """Returns the rest of what the libraries tell of a facet; the page library writes `@field`."""
    is_page_library = cause.startswith("dynamic")
    field = f"@{facet.field}" if is_page_library else facet.field
    return {"facetId": field, "facetField": field}


def _click_data(visit: Visit, click: Click, document: Document) -> str:
    return (
        f'{{"JSUIVersion":"{_UI_VERSION}","product":"{visit.person.product}"'
        f',"contentIDKey":"permanentid","contentIDValue":"{document.uri_hash}"{_more(click.data)}'
        f',"author":"unknown \\"n/a\\"","path":"\\\\\\\\share\\\\docs"}}'
    )


def _more(data: Mapping[str, object] | None) -> str:
    """Returns further members of a JSON object, each after a comma."""
    return f",{_encode(data)[1:-1]}" if data else ""


def _ranking_modifier(click: Click) -> str | None:
    """Returns what moved the result up. Inferred: the names, but for `Reveal ART`."""
    if click.cause not in ON_RESULTS:
        return None
    if click.id % 23 == 0:
        return "Featured Result"
    if click.id % 6 == 0 and click.rank <= 4:
        return "Dynamic Navigation Experience"
    return "Reveal ART" if click.rank == 1 else None
