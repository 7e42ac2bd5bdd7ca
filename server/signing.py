"""Signed tokens: sessions and links. What they grant stands in the token, who may use it in
`purpose`; nothing secret is inside."""

from datetime import datetime, timedelta
from typing import Any

import jwt

ALGORITHM = "HS256"


class BadToken(Exception):
    """Forged, expired, or made for another purpose."""


class Signer:
    """Signs and checks with the configuration's SECRET_KEY."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key

    def sign(self, purpose: str, claims: dict[str, Any], *, now: datetime, ttl: timedelta) -> str:
        """A token for one purpose that lives for `ttl`."""
        body = {**claims, "aud": purpose, "exp": int((now + ttl).timestamp())}
        return jwt.encode(body, self._key, algorithm=ALGORITHM)

    def check(self, purpose: str, token: str, *, now: datetime) -> dict[str, Any]:
        """The claims. Raises BadToken. The product's own clock decides what has expired."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=purpose,
                options={"verify_exp": False, "require": ["exp", "aud"]},
            )
        except (jwt.InvalidTokenError, UnicodeError) as error:
            raise BadToken from error
        if not isinstance(claims["exp"], int) or claims["exp"] < now.timestamp():
            raise BadToken
        return claims
