"""The phone under /dev/phone (its page follows)."""

from sanic import Blueprint

from server.wechat.simulator.simulator import Simulator


def phone_blueprint(_simulator: Simulator) -> Blueprint:
    """The phone's routes."""
    return Blueprint("wechat_simulator_phone", url_prefix="/dev/phone")
