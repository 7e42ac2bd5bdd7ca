"""Callback bodies, XML or JSON, into one shape: a dict of strings, nested dicts and lists.

Hardened by construction: one size limit, one depth limit, no DTD and therefore no entities,
no duplicate fields, only characters that XML and the database can hold. Numbers become strings,
so that XML and JSON callbacks of the same event look alike.
"""

import json
import re
from typing import Any, NoReturn
from xml.parsers import expat

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
XML_ROOT = "xml"
BOM = b"\xef\xbb\xbf"
# NUL and lone surrogates break PostgreSQL, the rest breaks the XML reply that quotes them.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class BodyError(Exception):
    """The body can't be understood; str() is a short English phrase naming the reason."""


def parse_body(body: bytes) -> dict[str, Any]:
    """Parse a callback body. Raises BodyError, and nothing else, on any fault."""
    if len(body) > MAX_BYTES:
        raise BodyError("body too large")
    try:
        text = body.removeprefix(BOM).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise BodyError("bad UTF-8") from None
    if not text:
        raise BodyError("body empty")
    if text.startswith("<"):
        return _parse_xml(text)
    if text.startswith("{"):
        return _parse_json(text)
    raise BodyError("body is neither XML nor JSON")


class _Element:
    __slots__ = ("chunks", "fields", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.chunks: list[str] = []
        self.fields: dict[str, Any] | None = None

    def value(self) -> Any:
        if self.fields is None:
            return "".join(self.chunks)
        if any(not chunk.isspace() for chunk in self.chunks):
            raise BodyError("text between elements")
        return self.fields

    def add(self, tag: str, value: Any, *, is_root: bool) -> None:
        if self.fields is None:
            self.fields = {}
        if tag not in self.fields:
            self.fields[tag] = value
            return
        known = self.fields[tag]
        # Inside an event `List` and `item` repeat; at the top a second value is an attack.
        if is_root and not (isinstance(value, dict) and isinstance(known, dict | list)):
            raise BodyError(f"doubled {_name(tag)}")
        if isinstance(known, list):
            known.append(value)
        else:
            self.fields[tag] = [known, value]


class _XmlReader:
    def __init__(self) -> None:
        self._open: list[_Element] = []
        self.result: Any = None

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise BodyError("nested too deep")
        if not self._open and tag != XML_ROOT:
            raise BodyError("root element is not xml")
        self._open.append(_Element(tag))

    def characters(self, data: str) -> None:
        self._open[-1].chunks.append(data)

    def end(self, tag: str) -> None:
        value = self._open.pop().value()
        if self._open:
            self._open[-1].add(tag, value, is_root=len(self._open) == 1)
        else:
            self.result = value


def _refuse_doctype(*_details: object) -> NoReturn:
    raise BodyError("DTD or entities")


def _parse_xml(text: str) -> dict[str, Any]:
    reader = _XmlReader()
    # Every doctype is refused, hence every entity; expat itself keeps no stack of elements.
    # Naming the encoding overrides the document's own claim: the platform speaks UTF-8 only.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise BodyError(f"bad XML: {expat.ErrorString(error.code)}") from None
    return _checked(reader.result)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BodyError("doubled field")
    return fields


def _refuse_constant(_name: str) -> NoReturn:
    raise BodyError("bad JSON: NaN or Infinity")


# Numbers stay text: 19-digit ids and 1e999 survive, and XML has nothing else.
_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_refuse_constant
)


def _parse_json(text: str) -> dict[str, Any]:
    try:
        return _checked(_decoder.decode(text))
    except ValueError:
        raise BodyError("bad JSON") from None
    except RecursionError:
        # The C scanner counts its own depth and stops long before the stack ends.
        raise BodyError("nested too deep") from None


def _checked(result: Any) -> dict[str, Any]:
    """The result, if it is an object whose depth and characters are harmless."""
    if not isinstance(result, dict):
        raise BodyError("body is no object")
    level: list[Any] = [result]
    for _ in range(MAX_DEPTH):
        if not level:
            return result
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, dict):
                for key in value:
                    _check_text(key)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
        level = deeper
    raise BodyError("nested too deep")


def _check_text(text: str) -> None:
    if UNSTORABLE.search(text):
        raise BodyError("control character")


def _name(tag: str) -> str:
    return tag if tag.isascii() and len(tag) <= 40 else "field"
