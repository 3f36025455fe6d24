"""Pictures of a report, drawn on the server. Pages show them as images, with the table beside them: inside an
image no style or script of the drawing counts for the page."""

from __future__ import annotations

from collections.abc import Sequence

import pygal
from django.utils.translation import gettext as _
from pygal.style import Style

from broadcasts.forecast import grouped

INK, SOFT, LINE = "#17324d", "#455a70", "#d3dce6"
BLUE, GREEN, AMBER, RED = "#0059b3", "#00663d", "#8a5200", "#a3001f"
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground=INK,
    foreground_strong=INK,
    foreground_subtle=LINE,
    guide_stroke_color=LINE,
    colors=(BLUE, GREEN, AMBER, RED),
    font_family="Titillium Web, Segoe UI, Arial, sans-serif",
    label_font_size=15,
    major_label_font_size=15,
    legend_font_size=16,
    value_font_size=15,
    opacity=1,
    value_colors=("#fff",) * 4,
)
WIDTH = 900


def funnel_svg(steps: Sequence[tuple[str, int]]) -> bytes:
    """Bars from the widest to the narrowest, each with its number."""
    chart = pygal.HorizontalBar(
        width=WIDTH,
        height=60 + 52 * len(steps),
        show_legend=False,
        print_values=True,
        show_x_labels=False,
        show_x_guides=False,
        value_formatter=lambda value: grouped(int(value)),
        margin=10,
        range=(0, max(1, *(number for _label, number in steps))),
        style=STYLE,
        js=(),
    )
    chart.x_labels = [label for label, _number in reversed(steps)]
    chart.add("", [{"value": number, "color": BLUE} for _label, number in reversed(steps)])
    return bytes(chart.render())


def over_time_svg(labels: Sequence[str], lines: Sequence[tuple[str, Sequence[int]]]) -> bytes:
    """Lines that rise to the number of people; the steps of time grow to the right."""
    chart = pygal.Line(
        width=WIDTH,
        height=380,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        x_label_rotation=30,
        show_dots=True,
        dots_size=3,
        stroke_style={"width": 3},
        value_formatter=lambda value: grouped(int(value)),
        margin=10,
        range=(0, max(1, *(max(values, default=0) for _name, values in lines))),
        x_title=_("Tempo dalla partenza"),
        style=STYLE,
        js=(),
    )
    chart.x_labels = list(labels)
    for name, values in lines:
        chart.add(name, list(values))
    return bytes(chart.render())


def by_month_svg(months: Sequence[tuple[str, int]]) -> bytes:
    """One bar a month, each with its number."""
    chart = pygal.Bar(
        width=WIDTH,
        height=360,
        show_legend=False,
        print_values=True,
        x_label_rotation=30,
        value_formatter=lambda value: grouped(int(value)),
        margin=10,
        range=(0, max(1, *(number for _month, number in months))),
        style=STYLE,
        js=(),
    )
    chart.x_labels = [month for month, _number in months]
    chart.add("", [{"value": number, "color": BLUE} for _month, number in months])
    return bytes(chart.render())
