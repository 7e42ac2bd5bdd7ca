"""Errors as answers: one sentence in Chinese, never a trace, never a secret."""

from collections.abc import Mapping

import structlog
from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException
from sanic.response import text

from handlers.errors import DomainError
from handlers.requests import BadValues
from server.http.context import SanicApp
from server.http.forms import Fault, Problem
from server.http.limits import TooMany
from server.http.routes import encoded
from server.http.trace import route_of
from server.web.pages import page
from server.wiring import STORE_ERRORS

SENTENCES = {
    400: "请求有误，请检查后再试。",
    401: "请先登录。",
    403: "没有权限。",
    404: "没有找到这个页面或内容。",
    405: "不支持这种请求方式。",
    408: "等待太久，连接已断开，请重试。",
    413: "内容太大了，请压缩或分开发送。",
    503: "服务暂时繁忙，请稍后再试。",
}
TROUBLE = "服务出了点问题，已记录，请稍后再试。"

log = structlog.get_logger(__name__)


def setup_errors(app: SanicApp) -> None:
    """Every failure of a route ends here."""

    @app.exception(DomainError)
    async def domain_error(request: Request, error: DomainError) -> HTTPResponse:
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
        faults = error.faults if isinstance(error, BadValues) else {}
        fault = Fault(error.code, error.sentence, dict(faults))
        return _answer(request, error.status, fault, headers)

    @app.exception(*STORE_ERRORS)
    async def store_away(request: Request, error: Exception) -> HTTPResponse:
        log.error("store does not answer", route=route_of(request), error=type(error).__name__)
        return _answer(request, 503, Fault("unavailable", SENTENCES[503]))

    @app.exception(SanicException)
    async def sanic_error(request: Request, error: SanicException) -> HTTPResponse:
        status = error.status_code
        sentence = SENTENCES.get(status, SENTENCES[400])
        # 405 names the methods that there are.
        return _answer(request, status, Fault("http_error", sentence), error.headers)

    @app.exception(Exception)
    async def unexpected(request: Request, error: Exception) -> HTTPResponse:
        log.exception("request failed", route=route_of(request), exc_info=error)
        return _answer(request, 500, Fault("internal", TROUBLE))


def _answer(
    request: Request,
    status: int,
    fault: Fault,
    headers: Mapping[str, str] | None = None,
) -> HTTPResponse:
    """JSON for programs, a page for people, nothing for WeChat."""
    if request.path.startswith("/api/"):
        answer = encoded(Problem(fault), status)
    elif request.path.startswith("/wechat/"):
        answer = text("", status=status)
    else:
        answer = page("error.html", status=status, title="提示", sentence=fault.message)
    answer.headers.update(headers or {})
    return answer
