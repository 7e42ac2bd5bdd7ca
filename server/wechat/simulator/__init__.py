"""A fake of the WeChat platform, used by `dev` and by all journey tests as the only fake.

It stands for the platform: it never looks into the product's database, and it takes its
cryptography from wechatpy, so that it checks the product's independently.
"""

from server.wechat.simulator.errors import PlatformError, UsageError
from server.wechat.simulator.faults import Fault
from server.wechat.simulator.fields import Template
from server.wechat.simulator.journal import ApiCall, ChatMessage, Delivery
from server.wechat.simulator.mount import running, setup_simulator
from server.wechat.simulator.people import DEMO_CAST, Person
from server.wechat.simulator.simulator import Simulator

__all__ = [
    "DEMO_CAST",
    "ApiCall",
    "ChatMessage",
    "Delivery",
    "Fault",
    "Person",
    "PlatformError",
    "Simulator",
    "Template",
    "UsageError",
    "running",
    "setup_simulator",
]
