"""The pages' style sheets: a handful of files, read once, known by name and nothing else."""

from pathlib import Path

from sanic import Blueprint, HTTPResponse, Request
from sanic.exceptions import NotFound
from sanic.response import raw

FOLDER = Path(__file__).parents[1] / "web" / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}


def setup_static() -> Blueprint:
    """Routes under /static."""
    files = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}
    blueprint = Blueprint("static", url_prefix="/static")

    @blueprint.get("/<name:str>")
    async def static(_request: Request, name: str) -> HTTPResponse:
        if name not in files:
            raise NotFound
        return raw(files[name], content_type=TYPES[Path(name).suffix], headers=HEADERS)

    return blueprint
