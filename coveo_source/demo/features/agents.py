"""Support agents, who search beside a case and attach to it what they find."""

from ..vocabulary import BLANK_QUERY
from .part import Part


def help_with_a_case(part: Part) -> None:
    """Adds the panel's own search for the case, and documents that are attached to it."""
    visit = part.visit
    number = part.rng.randrange(10_000, 99_999)
    case = {"caseId": f"5003k{number:013}", "caseNumber": f"{number:08}"}
    if part.draw() < 0.4:
        part.now = visit.start
        part.search(BLANK_QUERY, "contextChanged", case)
    for search in [search for search in visit.searches if search.clicks]:
        click = search.clicks[0]
        if part.draw() < 0.35:
            document = click.document
            part.now = click.ms
            part.wait(20)
            about = {
                "documentTitle": document.title,
                "documentURL": document.url,
                "resultUriHash": document.uri_hash,
            }
            part.click(search, click.rank, "caseAttach", click.place, {**case, **about})
            if part.draw() < 0.15:
                part.wait(15)
                detached = {"resultUriHash": document.uri_hash, "permanentId": document.uri_hash}
                part.custom_event("case", "caseDetach", search, {**case, **detached})
