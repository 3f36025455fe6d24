"""What a reader may fill in on the public pages. They say beside the field what is wrong."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row, Submit
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.finding import LONGEST, Wanted
from policy.models import Category
from policy.page import language
from subscribers.models import Zone


class TopicField(forms.ModelChoiceField):
    """A topic, named in the language of the page."""

    def label_from_instance(self, obj: Category) -> str:
        return obj.label(language())


class SearchForm(forms.Form):
    """The archive's search; every field may be empty. Read from the address, so that a search is a link."""

    parole = forms.CharField(label=gettext_lazy("Parole"), required=False, max_length=200)
    argomento = TopicField(
        label=gettext_lazy("Argomento"),
        queryset=Category.objects.all(),
        to_field_name="slug",
        required=False,
        empty_label=gettext_lazy("tutti"),
    )
    zona = forms.ModelChoiceField(
        label=gettext_lazy("Zona"),
        queryset=Zone.objects.all(),
        to_field_name="slug",
        required=False,
        empty_label=gettext_lazy("tutto il Comune"),
    )
    dal = forms.DateField(
        label=gettext_lazy("Dal"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    al = forms.DateField(
        label=gettext_lazy("Al"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_method = "get"
        self.helper.disable_csrf = True
        self.helper.attrs = {"role": "search", "novalidate": True}
        self.helper.layout = Layout(
            Row(Column("parole", css_class="col-md-12")),
            Row(
                Column("argomento", css_class="col-md-4"),
                Column("zona", css_class="col-md-4"),
                Column("dal", css_class="col-6 col-md-2"),
                Column("al", css_class="col-6 col-md-2"),
            ),
            Submit("", _("Cerca"), css_class="btn-primary", css_id="cerca"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("dal"), cleaned.get("al")
        if since and until and until < since:
            self.add_error("al", _("Viene prima del giorno d'inizio."))
        return cleaned

    def wanted(self) -> Wanted:
        """What is asked; call it on a valid form."""
        found = self.cleaned_data
        return Wanted(found["argomento"], found["zona"], found["dal"], found["al"], found["parole"])


class VerifyForm(forms.Form):
    """A code, or the text of a message. Posted, so that what somebody pastes is in no address."""

    testo = forms.CharField(
        label=gettext_lazy("Il codice, o il testo del messaggio"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Non conserviamo quello che incolli qui."),
        error_messages={"required": gettext_lazy("Scrivi il codice o incolla il messaggio.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.disable_csrf = True
        self.helper.attrs = {"novalidate": True}
        self.helper.add_input(Submit("", _("Controlla"), css_id="controlla"))
