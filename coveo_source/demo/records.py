"""Events as rows of the files: every value as text, None for null."""

from collections.abc import Iterable
from datetime import datetime, timezone
from functools import lru_cache
from json import dumps
from typing import TypeAlias

from ..tables import TABLES
from .visits import Click, Custom, Search, Visit
from .vocabulary import result

Record: TypeAlias = "dict[str, str | None]"
"""One row by API name."""

DAY_MS = 86_400_000

CUSTOM_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "searches": ("c_jsuiversion", "c_product", "c_facettitle"),
    "clicks": ("c_jsuiversion", "c_product", "c_contentidvalue"),
    "custom_events": ("c_jsuiversion", "c_loading_time", "c_pagelanguage"),
    "keywords": (),
    "groups": (),
}
"""The custom dimensions that the demo's organization has, by table."""

COLUMNS: dict[str, tuple[str, ...]] = {
    name: (*table.columns, *CUSTOM_DIMENSIONS[name]) for name, table in TABLES.items()
}
"""The header of each file."""

_UI_VERSION = "2.10085.5;2.10085.5"
_RUNS = (None, None, None, "New ranking")
_CUT_AT = 160


def search_record(visit: Visit, search: Search, has_clicks: bool) -> Record:
    """A row of `searches`; `has_clicks` is what is known of its clicks so far."""
    query, person = search.query, visit.person
    origin, tab, cause = visit.interface[0], search.tab, search.cause
    return {
        **_of_visit(visit),
        "username": person.name,
        "id": identity(search.id),
        "datetime": stamp(search.ms),
        "searchIsContextual": _flag(origin == "AgentPanel"),
        "actionCause": cause,
        "batchId": identity(search.id ^ visit.id),
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
        "c_facettitle": search.facet[0] if search.facet else None,
    }


def click_record(visit: Visit, click: Click) -> Record:
    """A row of `clicks`."""
    document = result(click.query, click.rank)
    return {
        **_of_visit(visit),
        "username": visit.person.name,
        "clickId": identity(click.id),
        "searchId": identity(click.search_id),
        "datetime": stamp(click.ms),
        "clickRank": str(click.rank),
        "documentAuthor": document.author,
        "systemUriHash": document.uri_hash,
        "documentUrl": document.url,
        "rankingModifier": "Reveal ART" if click.rank == 1 else None,
        "documentCategory": document.category,
        "causeV2": click.cause,
        "queryPipeline": click.pipeline,
        "originLevel2": click.tab,
        "sourceName": document.source,
        "clickOriginLevel1": visit.interface[0],
        "clickOriginLevel2": click.tab,
        "customDatas": _click_data(visit, document.uri_hash),
        "collectionName": document.collection,
        "clickCustomData": "{}",
        "documentTitle": document.title,
        "clickCause": click.cause,
        "c_jsuiversion": _UI_VERSION,
        "c_product": visit.person.product,
        "c_contentidvalue": document.url,
    }


def custom_record(visit: Visit, event: Custom) -> Record:
    """A row of `custom_events`."""
    language = visit.person.place.language
    return {
        **_of_visit(visit),
        "userName": visit.person.name,
        "customEventId": identity(event.id),
        "lastSearchId": None if event.search_id is None else identity(event.search_id),
        "datetime": stamp(event.ms),
        "originLevel2": event.tab,
        "eventValue": event.value,
        "customDatas": f'{{"pagelanguage":"{language}","loading_time":{event.loading_ms}}}',
        "customEventCustomData": "{}",
        "eventType": event.type,
        "customEventOriginLevel1": visit.interface[0],
        "customEventOriginLevel2": event.tab,
        "c_jsuiversion": _UI_VERSION,
        "c_loading_time": str(event.loading_ms),
        "c_pagelanguage": language,
    }


def keyword_records(search: Search) -> Iterable[Record]:
    """The rows of `keywords` for one search."""
    return _of_search(search, "keyword", search.query.words)


def group_records(visit: Visit, search: Search) -> Iterable[Record]:
    """The rows of `groups` for one search."""
    return _of_search(search, "groupName", visit.person.groups)


def identity(number: int) -> str:
    """An id as a client would make it."""
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def stamp(ms: int) -> str:
    """A time as the files write it: `2019-10-01 04:00:17.797`, in UTC."""
    day, of_day = divmod(ms, DAY_MS)
    minute, of_minute = divmod(of_day, 60_000)
    return f"{_day(day)} {minute // 60:02}:{minute % 60:02}:{of_minute // 1000:02}.{ms % 1000:03}"


@lru_cache(maxsize=8)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * 86_400, timezone.utc).date().isoformat()


def _flag(value: bool) -> str:
    return "t" if value else "f"


def _of_search(search: Search, column: str, values: Iterable[str]) -> Iterable[Record]:
    of_search: Record = {"searchId": identity(search.id), "datetime": stamp(search.ms)}
    return ({**of_search, column: value} for value in values)


def _of_visit(visit: Visit) -> Record:
    """The columns that every event of a visit has, with the same value."""
    person, device, place = visit.person, visit.person.device, visit.person.place
    origin, context, referrer = visit.interface
    run = _RUNS[visit.id % len(_RUNS)]
    return {
        "userAgent": device.agent,
        "isInternal": _flag(person.internal),
        "operatingSystemWithVersion": device.system,
        "country": place.country,
        "city": place.city,
        "language": place.language,
        "browserWithVersion": device.version,
        "splitTestRunName": run,
        "splitTestRunVersion": run and ("B" if visit.id & 16 else "A"),
        "anonymous": _flag(person.name is None),
        "browser": device.browser,
        "userId": person.name and f"{person.name}-google",
        "originContext": context,
        "originLevel1": origin,
        "originLevel3": referrer,
        "deviceCategory": device.category,
        "region": place.region,
        "visitorId": identity(visit.visitor),
        "mobile": device.mobile,
        "visitId": identity(visit.id),
    }


def _search_data(visit: Visit, search: Search) -> str:
    """What the search page sends along: JSON, unless it is cut off as long values are."""
    facet = search.facet or ("", "")
    data = (
        f'{{"JSUIVersion":"{_UI_VERSION}","product":"{visit.person.product}"'
        f',"facetTitle":{dumps(facet[0])},"facetValue":{dumps(facet[1])}'
        f',"query":{dumps(search.query.text, ensure_ascii=False)}'
        f',"page":"C:\\\\kiosk\\\\{visit.interface[1]}","pageTitle":"Results for \\"search\\""'
        f',"resultsPerPage":10,"sortCriteria":"relevancy","pageLocation":"{visit.interface[2]}'
        f'#sort=relevancy&numberOfResults=10&layout=list&first=0"}}'
    )
    return data[:_CUT_AT] if search.id % 251 == 0 else data


def _click_data(visit: Visit, uri_hash: str) -> str:
    return (
        f'{{"JSUIVersion":"{_UI_VERSION}","product":"{visit.person.product}"'
        f',"contentIDKey":"permanentid","contentIDValue":"{uri_hash}"'
        f',"author":"unknown \\"n/a\\"","path":"\\\\\\\\share\\\\docs"}}'
    )
