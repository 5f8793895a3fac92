"""A chart as inline SVG that lives under a strict content-security policy and in the dark.

Matplotlib writes style attributes, which the policy forbids; they become presentation attributes.
The house's colours become classes, which the page's style sheet gives a light and a dark value.
The title goes: the page has it as text, which wraps on a phone and is read aloud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from data_pipeline.charts import style
from data_pipeline.charts.chart import HEAD, draw_svg, head_height

if TYPE_CHECKING:
    from data_pipeline.charts.chart import Chart

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

TOKENS = {
    style.INK: "ink",
    style.MUTED: "muted",
    style.GRID: "grid",
    style.FAINT: "faint",
    style.PAPER: "paper",
    style.BLUE: "blue",
    style.SKY: "sky",
    style.ORANGE: "orange",
    style.AMBER: "amber",
    style.GREEN: "green",
    style.PINK: "pink",
}

_DROPPED = frozenset({"font-family", "white-space"})


def draw_picture(chart: Chart) -> str:
    """The chart as an <svg> element, without its title, its ids made the chart's own."""
    root = ET.fromstring(draw_svg(chart))  # noqa: S314 - our own drawing
    for parent in list(root.iter()):
        for child in list(parent):
            is_head = child.get("id", "").startswith(HEAD)
            if is_head or child.tag in {f"{{{SVG}}}metadata", f"{{{SVG}}}style"}:
                parent.remove(child)
    for element in root.iter():
        free_of_styles(element)
    _own_ids(root, chart.name)
    width, height = (float(part) for part in root.get("viewBox", "0 0 1 1").split()[2:])
    cut = head_height(chart.title, chart.subtitle) * 72
    root.attrib = {
        "viewBox": f"0 {cut:g} {width:g} {height - cut:g}",
        "role": "img",
        "aria-label": chart.alt,
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    return ET.tostring(root, encoding="unicode")


def free_of_styles(element: ET.Element) -> None:
    """Turn an element's style into attributes, and the house's colours into classes."""
    for part in element.attrib.pop("style", "").split(";"):
        name, _, value = (text.strip() for text in part.partition(":"))
        if name == "font":
            _set_font(element, value)
        elif name and name not in _DROPPED:
            element.set(name, value)
    classes = []
    for name in ("fill", "stroke"):
        token = TOKENS.get(element.get(name, "").lower())
        if token:
            del element.attrib[name]
            classes.append(f"{name[0]}-{token}")
    if element.tag == f"{{{SVG}}}text" and "fill" not in element.attrib:
        classes = classes or ["f-ink"]
    if classes:
        element.set("class", " ".join(classes))


def _set_font(element: ET.Element, shorthand: str) -> None:
    """Matplotlib's `font: bold 11.5px 'DejaVu Sans'` as attributes, without the family."""
    for word in shorthand.partition("'")[0].split():
        if word.endswith("px"):
            element.set("font-size", word.removesuffix("px"))
        elif word in {"bold", "600", "700"}:
            element.set("font-weight", "bold")


def _own_ids(root: ET.Element, name: str) -> None:
    """Keep only the ids that are pointed to, and make them the chart's own."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    used = {target for value in values if (target := _target(value))}
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id" and value in used:
                element.set(key, f"{name}-{value}")
            elif key == "id":
                del element.attrib[key]
            elif target := _target(value):
                element.set(key, value.replace(f"#{target}", f"#{name}-{target}"))


def _target(value: str) -> str:
    """The id that `#id` or `url(#id)` points to, or nothing."""
    inner = value.removeprefix("url(").removesuffix(")")
    return inner[1:] if inner.startswith("#") and inner[1:2].isalpha() and len(inner) > 7 else ""
