"""What a chart contains, read from its Vega-Lite specification."""

from typing import Any

from hypothesis import settings

from coveo_source.report.looks import Drawing

Values = list[dict[str, Any]]

a_few = settings(deadline=None, max_examples=30)
"""For charts, which take a while to be made."""


def specification(chart: Drawing) -> dict[str, Any]:
    return chart.to_dict(validate=False)


def rows_of(chart: Drawing) -> Values:
    """Returns the values that all layers of a chart share."""
    return values_of(chart, specification(chart))


def layer_of(chart: Drawing, mark: str, field: str | None = None) -> dict[str, Any]:
    """Returns the only layer of a kind of mark; field: what it shows, if there are several."""
    [found] = [
        layer
        for layer in specification(chart)["layer"]
        if layer["mark"]["type"] == mark
        and (field is None or field in {each.get("field") for each in layer["encoding"].values()})
    ]
    return dict(found)


def marks_of(chart: Drawing) -> list[str]:
    """Returns the kinds of marks, from the lowest layer to the highest."""
    return [layer["mark"]["type"] for layer in specification(chart)["layer"]]


def values_of(chart: Drawing, part: dict[str, Any]) -> Values:
    """Returns the values of a part of a chart that has its own."""
    found: Values = specification(chart)["datasets"].get(part["data"]["name"], [])
    return found


def said(chart: Drawing, mark: str) -> list[str]:
    """Returns what marks say of themselves when they are pointed at or read aloud."""
    field = layer_of(chart, mark, None)["encoding"]["description"]["field"]
    return [row[field] for row in rows_of(chart)]
