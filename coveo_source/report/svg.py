"""A chart as SVG for the page: drawn by Vega, and kept to what cannot run or load anything."""

import re
from xml.etree import ElementTree

import vl_convert

from .charts import Drawing

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset("svg g path rect line circle text tspan defs clipPath".split())
_ATTRIBUTES = frozenset(
    "viewBox d x y x1 x2 y1 y2 dx dy r rx ry cx cy width height transform fill fill-opacity stroke"
    " stroke-width stroke-opacity stroke-dasharray stroke-miterlimit stroke-linejoin stroke-linecap"
    " opacity text-anchor font-family font-size font-weight font-style pointer-events role"
    " aria-label aria-roledescription aria-hidden clip-path id".split()
)
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def to_svg(chart: Drawing, name: str) -> str:
    """Draws a chart.

    name: of the chart on its page; other charts there have other ones
    """
    drawn = vl_convert.vegalite_to_svg(chart.to_json(validate=False, indent=None))
    return safe_svg(drawn, name)


def safe_svg(drawn: str, name: str) -> str:
    """Returns a drawing with nothing but shapes and texts, as wide as its place.

    name: what its ids begin with
    """
    root = ElementTree.fromstring(_NOT_XML.sub("\ufffd", drawn))  # noqa: S314
    _keep_harmless(root, name)
    del root.attrib["width"], root.attrib["height"]
    root.set("role", "img")
    ElementTree.register_namespace("", _SVG)
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
        elif key == "clip-path":
            element.set(key, value.replace("url(#", f"url(#{name}-"))
        elif key not in _ATTRIBUTES or "url(" in value:
            del element.attrib[key]
