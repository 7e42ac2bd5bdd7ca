"""The fields of a form, for whatever shows one: the API's clients and the web page."""

from collections.abc import Mapping

import msgspec

from handlers import wording
from handlers.forms import Form, Kind
from handlers.slots import shown


class Field(msgspec.Struct):
    """One thing that a form wants. required: can't be left out, unless it is known. unit: what a
    bare number counts. known: what we have already, as people read it, phones masked; "" where
    nothing is. A field that is sent with what was known as it was shown leaves it as it is."""

    name: str
    label: str
    kind: Kind
    ask: str
    reason: str
    choices: list[str]
    unit: str
    required: bool
    known: str


def fields_of(form: Form, known: Mapping[str, str]) -> list[Field]:
    """All fields in their order. known: slot → value."""
    return [
        Field(
            name=slot.name,
            label=slot.label,
            kind=slot.kind,
            ask=wording.on_page(slot.ask),
            reason=slot.reason,
            choices=list(slot.choices),
            unit=slot.units[0] if slot.units else "",
            required=slot.firm,
            known=shown(slot, known.get(slot.name, "")),
        )
        for slot in form.wanted
    ]
