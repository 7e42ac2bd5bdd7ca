"""Errors of the business: each carries an HTTP status and a sentence for the user."""


class DomainError(Exception):
    """Something the user can understand and act on.

    sentence: Chinese, shown as it is. code: a stable word for programs.
    """

    status = 400
    code = "bad_request"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotFound(DomainError):
    """There is no such thing, or it is not this person's: the two must look the same."""

    status = 404
    code = "not_found"


class Conflict(DomainError):
    """The thing has moved on meanwhile."""

    status = 409
    code = "conflict"


class Unauthorized(DomainError):
    """Nobody is signed in, or the sign-in has run out."""

    status = 401
    code = "unauthorized"


class Gone(DomainError):
    """It was valid once: a used or expired link."""

    status = 410
    code = "gone"


class StorageFull(DomainError):
    """There is no room left for what was sent."""

    status = 507
    code = "storage_full"


class Unavailable(DomainError):
    """Something we depend on does not answer now; trying again later makes sense."""

    status = 503
    code = "unavailable"
