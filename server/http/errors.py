"""Errors as answers: one sentence in Chinese, never a trace, never a secret."""

import structlog
from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException
from sanic.response import json, text

from handlers.errors import DomainError
from server.http.context import SanicApp
from server.web.pages import page
from server.wiring import STORE_ERRORS

SENTENCES = {
    400: "请求有误，请检查后再试。",
    401: "请先登录。",
    403: "没有权限。",
    404: "没有找到这个页面或内容。",
    405: "不支持这种请求方式。",
    413: "内容太大了，请压缩或分开发送。",
    503: "服务暂时繁忙，请稍后再试。",
}
TROUBLE = "服务出了点问题，已记录，请稍后再试。"

log = structlog.get_logger(__name__)


def setup_errors(app: SanicApp) -> None:
    """Every failure of a route ends here."""

    @app.exception(DomainError)
    async def domain_error(request: Request, error: DomainError) -> HTTPResponse:
        return _answer(request, error.status, error.code, error.sentence)

    @app.exception(*STORE_ERRORS)
    async def store_away(request: Request, error: Exception) -> HTTPResponse:
        log.error("store does not answer", route=_route(request), error=type(error).__name__)
        return _answer(request, 503, "unavailable", SENTENCES[503])

    @app.exception(SanicException)
    async def sanic_error(request: Request, error: SanicException) -> HTTPResponse:
        status = error.status_code
        return _answer(request, status, "http_error", SENTENCES.get(status, SENTENCES[400]))

    @app.exception(Exception)
    async def unexpected(request: Request, error: Exception) -> HTTPResponse:
        log.exception("request failed", route=_route(request), exc_info=error)
        return _answer(request, 500, "internal", TROUBLE)


def _route(request: Request) -> str:
    """The route's pattern for the log; the path itself may hold a link's token."""
    return str(request.route.path) if request.route else "none"


def _answer(request: Request, status: int, code: str, sentence: str) -> HTTPResponse:
    """JSON for programs, a page for people, nothing for WeChat."""
    if request.path.startswith("/api/"):
        return json({"error": {"code": code, "message": sentence}}, status=status)
    if request.path.startswith("/wechat/"):
        return text("", status=status)
    return page("error.html", status=status, title="提示", sentence=sentence)
