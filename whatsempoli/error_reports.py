"""What the technician is mailed about a fault: where and what, never whose (promise 8).

The variables of the frames and what was posted hold people's numbers and words, and stay here.
"""

from __future__ import annotations

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from whatsempoli.logs import masked


class NoValues(SafeExceptionReporterFilter):
    """No variable, no posted field; what remains is masked by the reporter."""

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        return dict[str, Any]().items()

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}


class MaskedReporter(ExceptionReporter):
    """Django's report with every number masked, in the exception's own text and the address too."""

    def get_traceback_html(self) -> SafeString:
        return mark_safe(masked(super().get_traceback_html()))  # noqa: S308  only takes away

    def get_traceback_text(self) -> SafeString:
        return mark_safe(masked(super().get_traceback_text()))  # noqa: S308  only takes away
