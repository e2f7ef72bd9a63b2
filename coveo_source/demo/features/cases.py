"""Cases that customers begin, in a form that shows them documents meanwhile.

The form of Coveo's newer library sends its events to the Collect endpoint. Inferred: that an
export has them as custom events of the type `svc`, with the action in `customDatas`; and that the
documents which the form suggests come from no search of the table `searches`.
"""

from ..visits import Search
from ..vocabulary import Query, document_at
from .part import Part

_FIELDS = ("subject", "description", "product", "priority")
_SUGGESTED = 5


def open_a_case(part: Part) -> None:
    """Adds the events of the newer form: its fields, its suggestions, and how it ends."""
    visit = part.visit
    _go_to_the_end(part)
    query = visit.searches[-1].query if visit.searches else Query(None, _SUGGESTED, 0)
    _act(part, "flowStart", "ticket_create_start")
    for name in _FIELDS[: 2 + int(part.draw() * 3)]:
        part.wait(25)
        _act(part, "click", "ticket_field_update", fieldName=name)
    if part.draw() < 0.4:
        part.wait(5)
        value = {"value": visit.person.product, "confidence": 0.83}
        _act(
            part, "click", "ticket_classification_click", fieldName="product", classification=value
        )
    helped = _read_suggestions(part, query)
    part.wait(10)
    _act(part, "click", "ticket_next_stage")
    part.wait(20)
    ending = part.draw()
    # a document that was read spares half of the cases
    if ending < (0.45 if helped else 0.08):
        _act(part, "click", "ticket_cancel", reason="Solved")
    elif ending < (0.5 if helped else 0.2):
        _act(part, "click", "ticket_cancel", reason="Quit")
    elif ending < 0.8:
        _act(part, "click", "ticket_create")


def _read_suggestions(part: Part, query: Query) -> bool:
    """Adds clicks on suggested documents. Returns True if there was one."""
    clicks = int(part.draw() ** 2 * 3)
    response_id = part.rng.getrandbits(128)
    for _ in range(clicks):
        part.wait(15)
        rank = 1 + int(part.draw() * _SUGGESTED)
        quick = part.draw() < 0.3
        cause = "documentSuggestionQuickview" if quick else "documentSuggestionClick"
        part.lone_click(response_id, query, rank, cause)
        if part.draw() < 0.2:
            part.wait(10)
            rated = document_at(query, rank).uri_hash
            _act(part, "click", "suggestion_rate", rate=part.draw() < 0.7, permanentId=rated)
    return clicks > 0


def _act(part: Part, event: str, action: str, **action_data: object) -> None:
    about = {"svc_action_data": action_data} if action_data else {}
    product = {"svc_ticket_product_id": part.visit.person.product}
    part.custom_event("svc", event, data={"svc_action": action, **about, **product})


def fill_in_a_form(part: Part) -> None:
    """Adds the events of the older form, which searches with what is typed into it."""
    visit = part.visit
    if not visit.searches:
        return
    _go_to_the_end(part)
    query = visit.searches[-1].query
    for _ in range(1 + int(part.draw() * 3)):
        part.wait(20)
        search = part.search(query, "inputChange")
        _log(part, "inputChange", search)
        if query.results and part.draw() < 0.25:
            part.wait(10)
            part.click(search, 1 + int(part.draw() * min(query.results, _SUGGESTED)))
    part.wait(20)
    ending = part.draw()
    if ending < 0.5:
        _log(part, "submitButton", search)
    elif ending < 0.75:
        _log(part, "cancelButton", search)
    else:
        _log(part, "unloadPage", search)


def _log(part: Part, value: str, search: Search) -> None:
    part.custom_event("caseCreation", value, search)


def _go_to_the_end(part: Part) -> None:
    """Goes on when the visitor has done all else."""
    visit = part.visit
    times = [search.ms for search in visit.searches[-1:]]
    times += [click.ms for click in visit.clicks[-1:]]
    times += [event.ms for event in visit.custom_events[-1:]]
    part.now = max(times, default=visit.start)
    part.wait(30)
