"""Numbers as Italian writes them."""

from __future__ import annotations

from django import template

from broadcasts.forecast import grouped

register = template.Library()
register.filter("grouped", grouped)
