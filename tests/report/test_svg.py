"""Drawings that can be put into a page, whatever is written in them."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import altair as alt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.exceptions import ReportError
from coveo_source.report.bars import bars
from coveo_source.report.formats import one_line
from coveo_source.report.looks import Drawing
from coveo_source.report.svg import Artist, safe_svg
from coveo_source.report.trends import hours
from coveo_source.vega import Vega

SVG = "{http://www.w3.org/2000/svg}"
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' width="9" height="8" viewBox="0 0 9 8">'
)
SECONDS = 120
"""Longer than any drawing takes: a test that waits for it has failed."""

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]>",
    "</text></svg><script>alert(1)</script>",
    "&lt;&#0;&amp;&nbsp;'\"",
    "<!-- --><![CDATA[ x",
    "\u202ea {{ 1 }} ${x} 😀",
]
FORBIDDEN = {"href", "src", "style", "class", "onload", "onclick", "onerror"}
SHAPES = "svg g path rect line circle text tspan defs clipPath".split()


@pytest.fixture(scope="module")
def artist() -> Iterator[Artist]:
    with Vega() as vega, Artist(vega) as one:
        yield one


def cleaned(inside: str, head: str = HEAD) -> ElementTree.Element:
    return ElementTree.fromstring(safe_svg(f"{head}{inside}</svg>", "name"))


def tags(root: ElementTree.Element) -> list[str]:
    return [element.tag.removeprefix(SVG) for element in root.iter()]


@pytest.mark.parametrize(
    "element",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p>x</p></foreignObject>",
        '<a href="https://example.com"><text>x</text></a>',
        '<image href="https://example.com/x.png"/>',
        '<use xlink:href="#x"/>',
        "<style>* { background: url(https://example.com) }</style>",
        '<animate attributeName="x" to="9"/>',
        '<set attributeName="onclick" to="alert(1)"/>',
        "<filter><feImage/></filter>",
        '<iframe src="https://example.com"/>',
        '<text xmlns="http://www.w3.org/1999/xhtml">x</text>',
        "<SCRIPT>alert(1)</SCRIPT>",
        "<!-- x --><?x y?>",
    ],
)
def test_all_but_shapes_and_texts_is_removed_with_what_is_in_it(element: str) -> None:
    root = cleaned(f"<g>{element}<rect/></g>{element}<defs>{element}</defs>")
    assert tags(root) == ["svg", "g", "rect", "defs"]
    assert not "".join(root.itertext())


@pytest.mark.parametrize(
    "attribute",
    [
        'onload="alert(1)"',
        'onclick="alert(1)"',
        'ONERROR="alert(1)"',
        'href="https://example.com"',
        'xlink:href="https://example.com"',
        'style="background: url(https://example.com)"',
        'class="x"',
        'src="https://example.com"',
        'fill="url(https://example.com/#x)"',
        'stroke="url(#x)"',
        'filter="url(#x)"',
        'xml:base="https://example.com"',
    ],
)
def test_attributes_that_can_run_or_load_something_are_removed(attribute: str) -> None:
    root = cleaned(
        f'<g {attribute}><path d="M0,0" {attribute}/></g>',
        HEAD.replace(" view", f" {attribute} view"),
    )
    assert [element.attrib for element in root.iter()] == [
        {"viewBox": "0 0 9 8", "role": "img"},
        {},
        {"d": "M0,0"},
    ]


def test_shapes_texts_and_their_descriptions_stay() -> None:
    inside = (
        '<g aria-label="Mon: 3" transform="translate(1,2)" role="graphics-symbol">'
        '<path d="M0,0L1,1" stroke="#123" stroke-width="2"/><rect x="1" width="3" height="4"/>'
        '<line x1="1" x2="2"/><circle r="3"/>'
        '<text text-anchor="end">a<tspan dy="9">b</tspan></text>'
        "</g>"
    )
    before, after = ElementTree.fromstring(f"{HEAD}{inside}</svg>"), cleaned(inside)
    assert [(each.tag, each.text) for each in before.iter()] == [
        (each.tag, each.text) for each in after.iter()
    ]
    assert [each.attrib for each in before.iter()][1:] == [each.attrib for each in after.iter()][1:]


def test_a_drawing_is_as_wide_as_its_place() -> None:
    assert cleaned("").attrib == {"viewBox": "0 0 9 8", "role": "img"}


def test_ids_and_what_refers_to_them_begin_with_the_name_of_the_chart() -> None:
    root = cleaned(
        '<defs><clipPath id="clip7"><rect id="r"/></clipPath></defs><g clip-path="url(#clip7)"/>'
    )
    assert [each.get("id") for each in root.iter()] == [None, None, "name-clip7", "name-r", None]
    assert root[1].get("clip-path") == "url(#name-clip7)"


@given(st.text(st.characters(codec="utf-8") | st.sampled_from([*"<>&'\"]\x00\x1f\ufffe"])))
def test_any_text_stays_text(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = escaped.replace('"', "&quot;")
    drawn = safe_svg(f'{HEAD}<text aria-label="{quoted}">{escaped}</text></svg>', "name")
    root = ElementTree.fromstring(drawn)
    assert tags(root) == ["svg", "text"]
    assert drawn.count("<") == 4 - (not root[0].text)
    kept = (root[0].text or "", root[0].get("aria-label", ""))
    assert [visible(each) for each in kept] == [visible(text)] * 2


def visible(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() and letter not in " \ufffd")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_label_is_drawn_as_text_only(artist: Artist, text: str) -> None:
    chart = bars([(text, 3, text), ("plain", 2, "two")], {text: 2})
    drawn = artist.draw(chart, f"Name of {text}").result(SECONDS)
    root = ElementTree.fromstring(drawn)
    assert set(tags(root)) <= set(SHAPES)
    assert not {key for element in root.iter() for key in element.attrib} & FORBIDDEN
    assert text in set(root.itertext())
    assert f"{one_line(text, 160)}: {text}" in {
        element.get("aria-label") for element in root.iter()
    }
    assert drawn.count("<") == len(re.findall(rf"</?(?:{'|'.join(SHAPES)})\b", drawn))


def test_charts_are_drawn_in_turn_with_ids_of_their_own(artist: Artist) -> None:
    waiting = [artist.draw(hours([]), name) for name in ("One chart", "Another: chart")]
    ids = [
        {
            each
            for element in ElementTree.fromstring(part.result(SECONDS)).iter()
            if (each := element.get("id"))
        }
        for part in waiting
    ]
    assert all(each.startswith("one-chart-") for each in ids[0])
    assert all(each.startswith("another-chart-") for each in ids[1])


def test_a_chart_says_its_values_in_the_drawing(artist: Artist) -> None:
    root = ElementTree.fromstring(artist.draw(hours([]), "Hours").result(SECONDS))
    labels = [element.get("aria-label", "") for element in root.iter()]
    assert labels.count("Mon 00:00 to 01:00: 0 searches") == 1


def broken() -> Drawing:
    """Returns a chart with a condition that is none."""
    return alt.LayerChart(layer=[alt.Chart().mark_bar()], transform=[alt.FilterTransform("(((")])


def test_a_chart_that_cannot_be_drawn_is_an_error_and_others_are_drawn() -> None:
    with Vega() as vega, Artist(vega) as artist:
        waiting = [artist.draw(broken(), "Broken one"), artist.draw(hours([]), "Next one")]
        with pytest.raises(ReportError, match=r"broken-one: .* Unexpected end of input All"):
            waiting[0].result(SECONDS)
        assert waiting[1].result(SECONDS).startswith("<svg")


@pytest.mark.parametrize(
    "text",
    [
        *(f"a{chr(code)}b" for code in (0, 7, 8, 11, 27, 0x2028, 0x2029, 0xFFFE, 0xFFFF)),
        "\ud800 alone",
        "\N{GRINNING FACE}" * 30,
        "https://example.com {{ 1 }} ${x} \N{GRINNING FACE} and more",
    ],
)
def test_a_name_that_vega_could_not_draw_is_drawn_without_what_it_cannot(
    artist: Artist, text: str
) -> None:
    drawn = artist.draw(bars([(text, 3, "three"), (text + "!", 2, "two")]), "Names").result(SECONDS)
    labels = [each.get("aria-label", "") for each in ElementTree.fromstring(drawn).iter()]
    assert sum(label.endswith((": three", ": two")) for label in labels) == 2


@pytest.mark.parametrize(
    "address",
    [
        "url(https://evil.example/x.svg#c)",
        "URL(https://evil.example)",
        r"\75rl(https://evil.example)",
    ],
)
@pytest.mark.parametrize("attribute", ["clip-path", "fill", "stroke", "font-family"])
def test_an_address_is_removed_however_it_is_spelled(attribute: str, address: str) -> None:
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1">'
        f'<rect {attribute}="{address}"/></svg>'
    )
    assert "evil" not in safe_svg(drawn, "name")


def test_words_may_look_like_an_address() -> None:
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1">'
        '<rect aria-label="curl(url(1))"/></svg>'
    )
    assert "curl(url(1))" in safe_svg(drawn, "name")


@pytest.mark.parametrize("has_drawn", [False, True])
def test_a_process_that_was_killed_is_an_error_and_nothing_waits_for_it(has_drawn: bool) -> None:
    with Vega() as vega, Artist(vega) as artist:
        if has_drawn:
            assert artist.draw(hours([]), "First").result(SECONDS)
        vega._process.kill()
        for name in ("Second", "Third"):
            with pytest.raises(ReportError, match=f"{name.lower()}: Vega has ended"):
                artist.draw(hours([]), name).result(SECONDS)
    assert vega._process.poll() is not None


def test_leaving_ends_the_process_and_what_is_not_yet_drawn() -> None:
    with Vega() as vega, Artist(vega) as artist:
        waiting = [artist.draw(hours([]), f"Chart {number}") for number in range(20)]
    assert vega._process.poll() is not None
    assert all(each.done() for each in waiting)
    assert waiting[-1].cancelled()
