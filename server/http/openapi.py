"""The API's description in OpenAPI 3.1, made of the table of routes and the types in it."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from handlers.ids import LARGEST_ID
from server.http.forms import Problem
from server.http.routes import JSON, Raw, Route

SCHEMAS = "#/components/schemas/{name}"
PARAMETER = re.compile(r"<(\w+):(\w+)>")
# What Sanic's converters let through, and what of it can be meant.
CONVERTED: dict[str, dict[str, Any]] = {
    "str": {"type": "string", "minLength": 1},
    "int": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a repeated call one action; printable ASCII.",
    "schema": {"type": "string", "maxLength": 100, "pattern": "^[ -~]*$"},
}


def document(prefix: str, routes: Sequence[Route]) -> bytes:
    """The description as JSON."""
    types: list[Any] = [Problem]
    for route in routes:
        types += [*route.answers.values(), *([route.body] if route.body else [])]
    forms = dict.fromkeys(types)
    files = [form for form in forms if issubclass(form, Raw)]
    structs = [form for form in forms if form not in files]
    references, schemas = msgspec.json.schema_components(structs, ref_template=SCHEMAS)
    content = {
        **{form: {media: {} for media in form.media} for form in files},
        **{form: {JSON: {"schema": r}} for form, r in zip(structs, references, strict=True)},
    }
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = prefix + PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, content)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "质量一站通", "version": "1"},
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _operation(route: Route, content: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "security": [{"session": []}] if route.signed_in else [],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": CONVERTED[converter]}
            for name, converter in PARAMETER.findall(route.path)
        ],
        "responses": {
            str(status): _response(status, content[answer])
            for status, answer in [
                *route.answers.items(),
                *((status, Problem) for status in _refusals(route)),
            ]
        },
    }
    if route.idempotent:
        operation["parameters"].append(IDEMPOTENCY_KEY)
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": content[route.body],
        }
    return operation


def _refusals(route: Route) -> Iterable[int]:
    """Every status of refusal: its own, and what any such call may meet."""
    of_body = (413, 422) if route.body else ()
    of_person = (401,) if route.signed_in else ()
    return sorted({400, *of_person, *of_body, 429, 503, *route.refusals})


def _response(status: int, content: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": content,
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return answer
