"""The simulator's records as JSON for the phone page and for tests over HTTP."""

import json
from typing import Any

from server.wechat.simulator.journal import ApiCall, ChatMessage, Delivery, newer
from server.wechat.simulator.people import APPS
from server.wechat.simulator.simulator import Simulator

EXCERPT = 600


def present_state(simulator: Simulator) -> dict[str, Any]:
    """People, clock, faults and templates as they are now."""
    now = simulator.clock.now()
    users = [
        {
            "openid": user.person.openid,
            "miniapp_openid": user.person.miniapp_openid,
            "nickname": user.person.nickname,
            "role": user.person.role,
            "follower": user.follower,
            "unread": user.unread,
            "left": {app: simulator.windows.left(user.openid(app), now) for app in APPS},
            "credits": {app: simulator.credits.left(user.openid(app)) for app in APPS},
        }
        for user in simulator.people
    ]
    templates = [
        {"id": template.template_id, "title": template.title, "long_term": template.long_term}
        for template in simulator.templates.values()
    ]
    return {
        "account": simulator.account_name,
        "now": now.isoformat(),
        "users": users,
        "templates": templates,
        "menu": simulator.menu,
        "scenes": simulator.scenes,
        "samples": list(simulator.samples),
        "faults": simulator.faults.listing(),
    }


def present_events(simulator: Simulator, since: int) -> dict[str, Any]:
    """All that is newer than `since`; `reset` tells a page that outlived the server."""
    journal = simulator.journal
    reset = since > journal.seq
    after = 0 if reset else since
    return {
        "run": journal.run,
        "seq": journal.seq,
        "reset": reset,
        "state": present_state(simulator),
        "messages": [present_message(entry) for entry in newer(journal.messages, after)],
        "calls": [present_call(entry) for entry in newer(journal.calls, after)],
        "deliveries": [present_delivery(entry) for entry in newer(journal.deliveries, after)],
    }


def present_message(message: ChatMessage) -> dict[str, Any]:
    """One thing on a phone."""
    content = dict(message.content)
    if content.get("media_id"):
        content["url"] = f"/dev/wechat/media/{content['media_id']}"
    return {
        "seq": message.seq,
        "at": message.at.isoformat(),
        "app": message.app,
        "openid": message.openid,
        "side": message.side,
        "channel": message.channel,
        "kind": message.kind,
        "content": content,
    }


def present_call(call: ApiCall) -> dict[str, Any]:
    """One API call, its payload shortened."""
    return {
        "seq": call.seq,
        "at": call.at.isoformat(),
        "app": call.app,
        "path": call.path,
        "status": call.http_status,
        "errcode": call.errcode,
        "fault": call.fault,
        "body": _excerpt(json.dumps(call.body, ensure_ascii=False)),
        "answer": _excerpt(call.answer),
    }


def present_delivery(delivery: Delivery) -> dict[str, Any]:
    """One callback with its tries and answer."""
    return {
        "seq": delivery.seq,
        "at": delivery.at.isoformat(),
        "app": delivery.app,
        "openid": delivery.openid,
        "kind": delivery.kind,
        "ok": delivery.ok,
        "problem": delivery.problem,
        "milliseconds": round(delivery.latency * 1000),
        "reply": delivery.reply,
        "body": _excerpt(json.dumps(delivery.fields, ensure_ascii=False)),
        "attempts": [
            {
                "status": attempt.status,
                "milliseconds": round(attempt.seconds * 1000),
                "problem": attempt.problem,
                "body": _excerpt(attempt.body),
            }
            for attempt in delivery.attempts
        ],
    }


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"
