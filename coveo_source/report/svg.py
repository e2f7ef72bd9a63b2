"""A chart as SVG for the page: drawn by Vega, and kept to what cannot run or load anything."""

import json
import re
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

from ..exceptions import ReportError
from ..vega import Vega, VegaError
from .looks import Drawing

_SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", _SVG)
_ELEMENTS = frozenset("svg g path rect line circle text tspan defs clipPath".split())
_ATTRIBUTES = frozenset(
    "viewBox d x y x1 x2 y1 y2 dx dy r rx ry cx cy width height transform fill fill-opacity stroke"
    " stroke-width stroke-opacity stroke-dasharray stroke-miterlimit stroke-linejoin stroke-linecap"
    " opacity text-anchor font-family font-size font-weight font-style pointer-events role"
    " aria-label aria-roledescription aria-hidden id".split()
)
_WORDS = frozenset(("aria-label", "aria-roledescription"))
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OWN_PART = re.compile(r"url\(#([\w-]+)\)")


class Artist:
    """Draws charts beside the queries; a context manager."""

    def __init__(self, vega: Vega) -> None:
        self._vega = vega
        self._thread = ThreadPoolExecutor(1, "coveo-charts")

    def draw(self, chart: Drawing, name: str) -> "Future[str]":
        """Returns what will be the SVG of a chart.

        name: of the chart on its page; other charts there have other ones
        """
        prefix = re.sub(r"\W+", "-", name.lower())
        # Vega aborts at a character that XML does not have
        specification = json.dumps(_storable(chart.to_dict(validate=False)))
        return self._thread.submit(self._drawn, specification, prefix)

    def __enter__(self) -> "Artist":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _drawn(self, specification: str, name: str) -> str:
        """Hands a chart to Vega, and waits for its drawing.

        Raises:
            ReportError: if Vega cannot draw it
        """
        try:
            return safe_svg(self._vega.draw(specification), name)
        except VegaError as error:
            raise ReportError(f"the chart {name}", str(error)) from error


def _storable(value: Any) -> Any:
    """Returns a value whose texts have no character that XML cannot store."""
    if isinstance(value, dict):
        return {key: _storable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return _NOT_XML.sub("\ufffd", value) if isinstance(value, str) else value


def safe_svg(drawn: str, name: str) -> str:
    """Returns a drawing with nothing but shapes and texts, as wide as its place.

    name: what its ids begin with
    """
    root = ElementTree.fromstring(_NOT_XML.sub("\ufffd", drawn))  # noqa: S314
    _keep_harmless(root, name)
    del root.attrib["width"], root.attrib["height"]
    root.set("role", "img")
    return ElementTree.tostring(root, encoding="unicode")


def _keep_harmless(element: ElementTree.Element, name: str) -> None:
    for child in list(element):
        if child.tag.removeprefix(f"{{{_SVG}}}") in _ELEMENTS:
            _keep_harmless(child, name)
        else:
            element.remove(child)
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == "clip-path" and (part := _OWN_PART.fullmatch(value)):
            element.set(key, f"url(#{name}-{part[1]})")
        elif key not in _ATTRIBUTES or (key not in _WORDS and _can_load(value)):
            del element.attrib[key]


def _can_load(value: str) -> bool:
    """Returns True for a value with an address, which CSS lets be spelled with backslashes."""
    return "\\" in value or "url" in value.lower()
