"""Builds what app and worker share: engine, clients, signer. Nothing is built at import."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from tortoise.exceptions import DBConnectionError, OperationalError

from handlers.house import House
from handlers.knowledge import BadKnowledge, load_corpus, version
from handlers.platform import Platform, load_platform, platform_articles
from models.clock import Clock
from models.files import FileStore
from nlp import Corpus, Matcher, load_packaged
from nlp.corpus import faults
from server.collector import Collector
from server.config import Config
from server.content_check import ContentCheck
from server.links import form_url, rating_url
from server.sender import Sender
from server.signing import Signer
from server.wechat.client import WeChatClient
from server.wechat.templates import Templates, load_templates
from server.wechat.tokens import MemoryTokenStore, RedisTokenStore, TokenStore

log = structlog.get_logger(__name__)

REDIS_ANSWERS_WITHIN = 2.0  # seconds
# What a database or Redis that is away, full or restarting raises: come again later.
STORE_ERRORS = (DBConnectionError, OperationalError, RedisError, ConnectionError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Wiring:
    """The long-lived objects of one process."""

    config: Config
    clock: Clock
    house: House
    client: WeChatClient
    tokens: TokenStore
    templates: Templates
    signer: Signer
    sender: Sender
    collector: Collector
    content: ContentCheck
    files: FileStore
    knowledge: tuple[int, int]  # the version that the house was built on


async def build_house(config: Config, clock: Clock) -> House:
    """The engine over the knowledge in the open database, and the platform's own facts."""
    try:
        known = await load_corpus() or load_packaged()
        return await asyncio.to_thread(house_of, config, clock, known)
    except BadKnowledge as bad:
        # Somebody must mend it; until then what came with the program is better than nothing.
        log.critical("knowledge refused, the packaged one is used", faults=bad.faults[:5])
        return await asyncio.to_thread(house_of, config, clock, load_packaged())


def house_of(config: Config, clock: Clock, corpus: Corpus) -> House:
    """The engine over this corpus and the platform file."""
    platform = load_platform(config.platform_file)
    return House(
        matcher=matcher_of(corpus, platform),
        platform=platform,
        clock=clock,
        context_ends_after=timedelta(minutes=config.context_minutes),
        takeover=timedelta(minutes=config.takeover_minutes),
    )


def matcher_of(corpus: Corpus, platform: Platform) -> Matcher:
    """The engine; what the platform says of itself belongs to it. Some seconds of CPU.

    Raises BadKnowledge.
    """
    corpus = replace(corpus, articles=(*corpus.articles, *platform_articles(platform)))
    if wrong := faults(corpus):
        raise BadKnowledge(wrong)
    return Matcher.build(corpus)


@asynccontextmanager
async def wired(config: Config, clock: Clock, house: House | None = None) -> AsyncIterator[Wiring]:
    """All objects of a process with an open database; clients are closed on leaving.

    house: an engine built before; without one it is built here.
    """
    knowledge = await version()
    templates = load_templates(config.templates_file)
    signer = Signer(config.secret_key)

    def url_of(number: str) -> str:
        return rating_url(signer, config.public_url, number, now=clock.now())

    def page_of(identity_id: int, occasion: int, form: str) -> str:
        return form_url(signer, config.public_url, identity_id, occasion, form, now=clock.now())

    house = replace(house or await build_house(config, clock), rating_url=url_of, form_url=page_of)
    async with httpx.AsyncClient() as http, _token_store(config) as tokens:
        client = WeChatClient.of(config, http, tokens=tokens, clock=clock)
        sender = Sender(
            client=client,
            templates=templates,
            signer=signer,
            clock=clock,
            public_url=config.public_url,
            sends_a_minute=config.sends_a_minute,
        )
        files = FileStore(config.files_dir)
        collector = Collector(client, files, clock, calls_a_minute=config.sends_a_minute)
        content = ContentCheck(client, clock, calls_a_minute=config.sends_a_minute)
        yield Wiring(
            config, clock, house, client, tokens, templates, signer, sender, collector, content,
            files, knowledge,
        )  # fmt: skip


@asynccontextmanager
async def _token_store(config: Config) -> AsyncIterator[TokenStore]:
    if not config.redis_url:
        yield MemoryTokenStore()
        return
    # A Redis that is away fails fast; the outbox tries again, a hanging send would hold its place.
    redis = Redis.from_url(
        config.redis_url,
        socket_timeout=REDIS_ANSWERS_WITHIN,
        socket_connect_timeout=REDIS_ANSWERS_WITHIN,
        retry=Retry(NoBackoff(), 1),
    )
    try:
        yield RedisTokenStore(redis)
    finally:
        await redis.aclose()
