"""A small SVG of some rates over time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, LEFT, TOP, FOOT = 720, 260, 56, 34, 36
COLOURS = ("#0066cc", "#d9364f", "#008055")


def draw(series: Mapping[str, Sequence[float]], step: float, title: str) -> str:
    """Lines over time; `step` seconds lie between two values."""
    length = max(len(values) for values in series.values())
    top = max(max(values, default=0) for values in series.values()) * 1.1 or 1
    across, up = (WIDTH - LEFT - 12) / max(1, length - 1), (HEIGHT - TOP - FOOT) / top
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18" font-weight="bold">{title}</text>',
    ]
    for value in (0, top / 2.2, top / 1.1):
        y = HEIGHT - FOOT - value * up
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ccc"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    for second in range(0, int(length * step) + 1, max(1, int(length * step / 8))):
        x = LEFT + second / step * across
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 18}" text-anchor="middle">{second} s</text>')
    for place, (name, values) in enumerate(series.items()):
        points = " ".join(
            f"{LEFT + n * across:.1f},{HEIGHT - FOOT - value * up:.1f}" for n, value in enumerate(values)
        )
        colour = COLOURS[place % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{LEFT + 110 * place}" y="{HEIGHT - 4}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])
