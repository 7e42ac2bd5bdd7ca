"""What menu/create refuses, as the platform's page of the call tells."""

from collections.abc import Mapping
from typing import Any

from server.wechat.simulator.errors import PlatformError

# Which error tells of: too many, type, name, key, address; of the entries and of those below.
_TOP: tuple[int, ...] = (40016, 40017, 40018, 40019, 40020)
_BELOW: tuple[int, ...] = (40023, 40024, 40025, 40026, 40027)
MOST = {_TOP: 3, _BELOW: 5}
NAME_BYTES = {_TOP: 16, _BELOW: 60}
NEEDED = {
    "click": ("key",),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
}


def checked(buttons: Any, codes: tuple[int, ...] = _TOP) -> list[Mapping[str, Any]]:
    """The buttons as they came. Raises PlatformError."""
    too_many, bad_type, bad_name, bad_key, bad_url = codes
    if not isinstance(buttons, list) or not all(isinstance(b, dict) for b in buttons):
        raise PlatformError(47001)
    if not 1 <= len(buttons) <= MOST[codes]:
        raise PlatformError(too_many)
    for button in buttons:
        if not 1 <= len(str(button.get("name", "")).encode()) <= NAME_BYTES[codes]:
            raise PlatformError(bad_name)
        if codes is _TOP and button.get("sub_button"):
            checked(button["sub_button"], _BELOW)
            continue
        fields = NEEDED.get(button.get("type", ""))
        if fields is None:
            raise PlatformError(bad_type)
        for field in fields:
            limit = 128 if field == "key" else 1024
            if not 1 <= len(str(button.get(field, "")).encode()) <= limit:
                raise PlatformError(bad_key if field == "key" else bad_url)
    return buttons
