"""What all charts have in common: Vega-Lite, by Altair.

The notebook has this module and those of the charts as they are, so nothing in them knows the page.
Every mark that can be pointed at has a description, which says its values in words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

Rows = Sequence[Mapping[str, Any]]
Drawing = alt.LayerChart

NOW, BEFORE, TEXT, RULE, MARK = "#2a6fb8", "#a9b6c6", "#55606e", "#dfe4ea", "#c2571a"
"""Colours; the page replaces them by those of its light or dark theme."""

WIDTH, HEIGHT = 340, 140
"""Of a chart, in pixels; the page scales it to the room that there is."""


def inline(values: Rows) -> alt.InlineData:
    """Returns values as the data of a chart."""
    return alt.InlineData(values=[dict(each) for each in values])


def framed(
    layers: Sequence[alt.Chart],
    values: Rows,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Drawing:
    """Returns layers over the same values as one chart, in the looks that all have in common."""
    return alt.LayerChart(
        layer=list(layers),
        data=inline(values),
        width=width,
        height=height,
        # other fonts than those that Vega knows are wider
        padding={"left": 16, "right": 12, "top": 5, "bottom": 5},
        background="transparent",
        config=alt.Config(
            axis=alt.AxisConfig(
                aria=False,
                # Vega takes longer to measure labels than to draw the rest
                labelOverlap=False,
                labelFlush=False,
                labelBound=False,
                labelColor=TEXT,
                titleColor=TEXT,
                titleFontWeight="normal",
                gridColor=RULE,
                domainColor=RULE,
                tickColor=RULE,
                labelFontSize=12,
                titleFontSize=12,
                labelPadding=5,
            ),
            view=alt.ViewConfig(stroke=None),
            text=alt.MarkConfig(fontSize=12),
        ),
    )
