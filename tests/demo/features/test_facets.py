from collections import Counter, defaultdict

from tests.demo.features.month import Month, data

SELECTED = ("facetSelect", "dynamicFacetSelect")
TAKEN_BACK = ("facetDeselect", "dynamicFacetDeselect")


def test_each_interface_uses_the_causes_of_one_library(month: Month) -> None:
    for search in month.searches_by(*SELECTED, *TAKEN_BACK):
        is_page_library = (search["actionCause"] or "").startswith("dynamic")
        assert is_page_library is (search["originLevel1"] == "InAppHelp")
    causes = Counter(search["actionCause"] for search in month.searches)
    assert min(causes[cause] for cause in (*SELECTED, *TAKEN_BACK)) > 20


def test_a_facet_tells_its_id_field_title_and_value(month: Month) -> None:
    for search in month.searches_by(*SELECTED, *TAKEN_BACK):
        values = data(search)
        if values:
            assert values["facetTitle"] == search["c_facettitle"]
            is_page_library = search["originLevel1"] == "InAppHelp"
            assert values["facetField"].startswith("@") is is_page_library
            assert values["facetId"] == values["facetField"]
            assert values["facetValue"]


def test_facets_and_their_values_differ_in_their_use(month: Month) -> None:
    chosen = defaultdict(list)
    for search in month.searches_by(*SELECTED):
        if values := data(search):
            chosen[values["facetTitle"], values["facetValue"]].append(search)
    assert len({title for title, _ in chosen}) == 5
    assert len(chosen) >= 12
    useful = month.clickthrough(chosen["Source", "Product Documentation"])
    assert useful > 2 * month.clickthrough(chosen["Source", "YouTube"])


def test_a_value_is_taken_back_after_it_was_chosen_in_vain(month: Month) -> None:
    chosen = {
        (search["visitId"], search["c_facettitle"], search["queryExpression"])
        for search in month.searches_by(*SELECTED, "breadcrumbFacet")
        if search["id"] not in month.opened
    }
    for search in month.searches_by(*TAKEN_BACK):
        assert (search["visitId"], search["c_facettitle"], search["queryExpression"]) in chosen
