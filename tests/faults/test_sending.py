"""Senders that die, freeze or were away: every row is sent, and none twice without saying so."""

import asyncio
import os
import signal
from datetime import timedelta

from handlers import accounts, outbox
from models.accounts import App
from models.clock import Clock
from models.outbox import Channel, Delivery, Notice, OutboxItem, OutboxState
from models.tickets import EventKind, Ticket, TicketEvent
from tests.cast import EMPLOYEE, MANAGER
from tests.faults.service import (
    CROWD,
    CUSTOM,
    LABEL,
    ROUTED,
    Service,
    all_sent,
    children,
    end_leases,
    frozen,
    killed,
    until,
)

TOKEN = "/cgi-bin/stable_token"
# The mini-program's customer service is answered by message only, so each question owes one.
ME = EMPLOYEE.miniapp_openid


async def answered_late(service: Service) -> None:
    """A committed answer that a worker has yet to send."""
    assert (await service.simulator.say(ME, "几点下班")).ok
    assert await OutboxItem.filter(notice=Notice.REPLY, state=OutboxState.PENDING).count() == 1


async def test_killed_between_commit_and_send_is_sent_once(service: Service) -> None:
    serve = await service.serve()
    (worker,) = children(serve, "worker")
    await frozen(worker)
    await answered_late(service)
    os.kill(worker, signal.SIGKILL)
    await until(all_sent)
    (text,) = service.texts_to(ME)
    assert "17:30" in text
    assert not text.startswith(LABEL)


async def test_killed_before_the_request_left_is_sent_once(service: Service) -> None:
    await service.serve("--no-worker")
    service.simulator.switch_on(TOKEN, "timeout", seconds=20)
    await answered_late(service)
    worker = service.start("worker")
    await service.called(TOKEN)
    await killed(worker)
    service.simulator.faults.clear()
    await service.end_locks()
    service.start("worker")
    await end_leases()
    await until(all_sent)
    # Nobody can know that the request had not left, so it may be labelled; it came once.
    assert len(service.texts_to(ME)) == 1


async def test_killed_between_send_and_mark_is_one_labelled_duplicate(service: Service) -> None:
    await service.serve("--no-worker")
    service.simulator.switch_on(CUSTOM, "timeout", seconds=20, processed=True)
    await answered_late(service)
    worker = service.start("worker")
    await service.called()
    await killed(worker)
    service.simulator.faults.clear()
    service.start("worker")
    assert not await all_sent()
    assert await end_leases() == 1
    await until(all_sent)
    first, second = service.texts_to(ME)
    assert second == LABEL + first


async def test_frozen_sender_is_replaced_and_its_late_report_refused(service: Service) -> None:
    await service.serve("--no-worker")
    service.simulator.switch_on(CUSTOM, "timeout", seconds=2, processed=True, left=1)
    await answered_late(service)
    first_sender = service.start("worker")
    await service.called()
    await frozen(first_sender.pid)
    service.start("worker")
    assert await end_leases() == 1
    await until(all_sent)
    first, second = service.texts_to(ME)
    assert second == LABEL + first
    done = await OutboxItem.get()

    first_sender.send_signal(signal.SIGCONT)
    # It now learns that the platform never answered, and writes that down beside its attempt.
    await until(_all_reported)
    now = await OutboxItem.get()
    assert (now.state, now.done_at, now.attempts) == (OutboxState.DONE, done.done_at, 2)
    assert len(service.texts_to(ME)) == 2


async def _all_reported() -> bool:
    return not await Delivery.filter(code="").exists()


async def test_two_senders_send_each_of_200_rows_once(service: Service) -> None:
    now = Clock().now()
    for person in CROWD:
        service.simulator.windows.opened("official", person.openid, "message", now)
        identity = await accounts.identity_of(App.OFFICIAL, person.openid, now=now)
        await outbox.enqueue(
            Notice.REPLY,
            account_id=identity.account_id,
            app=App.OFFICIAL,
            payload={"text": person.nickname},
            dedupe_key=person.openid,
            stream=f"account:{identity.account_id}",
            now=now,
        )
    for _ in range(2):
        service.start("worker")
    await until(all_sent, 120)
    assert [service.texts_to(p.openid) for p in CROWD] == [[p.nickname] for p in CROWD]
    assert await Delivery.all().count() == len(CROWD)


async def test_worker_down_for_three_hours_catches_up_once_and_in_order(service: Service) -> None:
    await service.serve("--no-worker")
    people = CROWD[:12]
    questions = ("几点下班", "你们的电话是多少", "你们在哪里")
    for question in questions:
        await asyncio.gather(*(service.simulator.say(p.miniapp_openid, question) for p in people))
    await service.simulator.say(EMPLOYEE.openid, ROUTED)
    # Three hours pass: what is due in the future is due that much sooner.
    for item in await OutboxItem.all():
        item.due_at -= timedelta(hours=3)
        await item.save(update_fields=["due_at"])
    ticket = await Ticket.get()
    ticket.answer_due_at = Clock().now() - timedelta(hours=2)
    await ticket.save(update_fields=["answer_due_at"])

    service.start("worker")

    async def overdue_told() -> bool:
        told = OutboxItem.filter(notice=Notice.TICKET_OVERDUE, state=OutboxState.DONE)
        return await told.count() == 2 and await all_sent()

    await until(overdue_told)
    for person in people:
        identity = await accounts.identity_of(App.MINIAPP, person.miniapp_openid, now=Clock().now())
        owed = await OutboxItem.filter(account_id=identity.account_id).order_by("id")
        assert service.texts_to(person.miniapp_openid) == [item.payload["text"] for item in owed]
        assert len(owed) == len(questions)
    assert await TicketEvent.filter(kind=EventKind.OVERDUE).count() == 1
    cards = [m for m in service.simulator.sent_to(MANAGER.openid) if m.kind == "card"]
    assert len(cards) == 1
    assert await Delivery.filter(channel=Channel.OFFICIAL_TEMPLATE).count() == 3
