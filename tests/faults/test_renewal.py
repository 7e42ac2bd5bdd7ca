"""New knowledge comes while people ask: every process has it within seconds, nobody is refused."""

from handlers import knowledge
from models.clock import Clock
from models.knowledge import KnowledgeEntry
from tests.cast import EMPLOYEE
from tests.faults.load import load
from tests.faults.service import CROWD, Service, until

ASKED = "空桶回收要不要登记"
TOLD = {
    "id": "t1",
    "topic": "quality_management",
    "action": "answer",
    "question": ASKED,
    "variants": [],
    "answer": "空桶回收要登记来源和日期，这是本市试点要求。",
    "standards": [],
    "products": [],
    "source": "测试",
    "checked": True,
}


async def test_new_knowledge_reaches_every_process_under_load(service: Service) -> None:
    service.variables["NQI_RATE_LIMIT_FACTOR"] = "1000"
    await service.serve(workers=service.scale)

    async def answers() -> int:
        """How many of some askings, which fall on all processes, get the new answer."""
        replies = [
            (await service.simulator.say(EMPLOYEE.openid, ASKED)).reply_text or "" for _ in range(8)
        ]
        return sum("本市试点要求" in reply for reply in replies)

    assert await answers() == 0
    async with load(service, CROWD[:4]) as asking:
        await asking.answered(4)
        await knowledge.edit("article", "t1", TOLD, by="陈主任", now=Clock().now())

        async def everywhere() -> bool:
            return await answers() == 8

        await until(everywhere, 20)
        # What can't be worked with changes nothing.
        await KnowledgeEntry.create(
            kind="article",
            key="t2",
            content={**TOLD, "topic": "astrology"},
            created_at=Clock().now(),
        )

        async def refused() -> bool:
            return "knowledge refused" in service.log.read_text()

        await until(refused, 20)
        await asking.answered(4)
        assert await everywhere()
    assert asking.statuses() == {200}
    asking.check()
