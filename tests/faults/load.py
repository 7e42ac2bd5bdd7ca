"""People who write all the time, and the account of what they got for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from server.wechat.simulator import Delivery, Person
from tests.faults.service import KNOWN, LABEL, Service, until


@dataclass(slots=True)
class Load:
    """A person asks for another standard each time, so every reply tells what it answers."""

    service: Service
    deliveries: list[tuple[str, Delivery]] = field(default_factory=list)
    _stopping: bool = False

    async def answered(self, more: int) -> None:
        """Wait until so many more messages have been taken."""
        before = self._ok()

        async def enough() -> bool:
            return self._ok() >= before + more

        await until(enough)

    def _ok(self) -> int:
        return sum(delivery.ok for _, delivery in self.deliveries)

    async def keep_asking(self, person: Person) -> None:
        """One question after the other, until stopped."""
        for number in KNOWN:
            if self._stopping:
                return
            delivery = await self.service.simulator.say(person.openid, f"{number}现行吗")
            self.deliveries.append((number, delivery))
            await asyncio.sleep(0.3)

    def stop(self) -> None:
        """Let everybody end what they are at."""
        self._stopping = True

    def statuses(self) -> set[int]:
        """What the product answered, with every try counted; 0 is no answer."""
        return {a.status for _, d in self.deliveries for a in d.attempts}

    def check(self) -> None:
        """Who was told that it worked has the answer, and nobody has one twice unlabelled."""
        for number, delivery in self.deliveries:
            texts = [
                text
                for text in self.service.texts_to(delivery.openid)
                if text.removeprefix(LABEL).startswith(f"{number}《")
            ]
            plain = sum(not text.startswith(LABEL) for text in texts)
            assert plain == 1 if delivery.ok else plain <= 1, (number, texts, delivery)
            assert len(texts) <= plain + 1, (number, texts)


@asynccontextmanager
async def load(service: Service, people: tuple[Person, ...]) -> AsyncIterator[Load]:
    """These people write while the block runs."""
    present = Load(service)
    tasks = [asyncio.create_task(present.keep_asking(person)) for person in people]
    try:
        yield present
    finally:
        present.stop()
        await asyncio.gather(*tasks)
