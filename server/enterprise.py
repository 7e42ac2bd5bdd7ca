"""`enterprise`: the command by which staff let an enterprise's first member in, and see members."""

import argparse

from handlers import codes, enterprises, wording
from handlers.errors import DomainError
from models.clock import clock
from server.say import say, say_error


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The command's own commands."""
    actions = command.add_subparsers(required=True, dest="action", metavar="ACTION")
    code = actions.add_parser("code", help="a code for the first member; makes the enterprise")
    actions.add_parser("list", help="all enterprises, with confirmed members")
    members = actions.add_parser("members", help="who is with an enterprise")
    remove = actions.add_parser("remove", help="end a membership at once")
    for action in (code, members, remove):
        action.add_argument("name", help="of the enterprise")
    remove.add_argument("member", help="the membership's id as `members` tells it, or an openid")


async def run(arguments: argparse.Namespace) -> int:
    """Do it over the open database; 1 when there is no such enterprise or member."""
    try:
        await _ACTIONS[arguments.action](arguments)
    except DomainError as error:
        say_error(error.sentence)
        return 1
    return 0


async def _code(arguments: argparse.Namespace) -> None:
    enterprise, made = await codes.make_for_enterprise(arguments.name, now=clock.now())
    say(wording.first_code(made.shown, enterprise.name, wording.stamp(made.expires_at)))


async def _list(_arguments: argparse.Namespace) -> None:
    for name, confirmed, named in await enterprises.all_enterprises():
        say(f"{name}：已确认{confirmed}人，只填了名称{named - confirmed}人")


async def _members(arguments: argparse.Namespace) -> None:
    enterprise = await enterprises.by_name(arguments.name)
    for member in await enterprises.members_of(enterprise.id):
        state = "已确认" if member.confirmed else "只填了名称"
        words = (str(member.id), member.name, member.phone, state, wording.stamp(member.since))
        say("  ".join(word for word in words if word))


async def _remove(arguments: argparse.Namespace) -> None:
    await enterprises.remove(arguments.name, arguments.member, now=clock.now())
    say("已移出，对方从现在起看不到这家企业的工单。")


_ACTIONS = {"code": _code, "list": _list, "members": _members, "remove": _remove}
