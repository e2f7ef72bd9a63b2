"""Smart snippets: a passage of a document that answers a question, above the results."""

from ..vocabulary import QUESTIONS, document_at
from .part import Part


def show_snippets(part: Part) -> None:
    """Adds what visitors do with the passages that answer their questions."""
    for search in [each for each in part.visit.searches if each.query.text in QUESTIONS]:
        document = document_at(search.query, 1)
        about = {"contentIdKey": "permanentid", "contentIdValue": document.uri_hash}
        part.now = search.ms
        part.wait(4)
        if part.draw() < 0.4:
            part.custom_event("smartSnippet", "expandSmartSnippet", search, about)
            part.wait(5)
        if part.draw() < 0.2:
            part.click(search, 1, "openSmartSnippetSource")
        if part.draw() < 0.15:
            liked = "likeSmartSnippet" if part.draw() < 0.6 else "dislikeSmartSnippet"
            part.custom_event("smartSnippet", liked, search, about)
