"""Smart snippets: a passage of a document that answers a question, above the results."""

from ..visits import Visit
from ..vocabulary import QUESTIONS, document_at
from .part import Part, takes_part

_FEATURE = 6


def show_snippets(visit: Visit) -> None:
    """Adds what visitors do with the passages that answer their questions."""
    if not takes_part(visit, _FEATURE, 0.3):
        return
    questions = [search for search in visit.searches if search.query.text in QUESTIONS]
    if questions:
        part = Part(visit, _FEATURE)
        for search in questions:
            document = document_at(search.query, 1)
            about = {"contentIdKey": "permanentid", "contentIdValue": document.uri_hash}
            part.now = search.ms
            part.wait(4)
            if part.draw() < 0.4:
                part.custom_event("smartSnippet", "expandSmartSnippet", search, about)
                part.wait(5)
            if part.draw() < 0.2:
                part.click(search, 1, "openSmartSnippetSource", document)
            if part.draw() < 0.15:
                liked = "likeSmartSnippet" if part.draw() < 0.6 else "dislikeSmartSnippet"
                part.custom_event("smartSnippet", liked, search, about)
