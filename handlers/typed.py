"""What people typed into a field."""

from handlers.errors import DomainError
from models.text import storable


def typed(text: str, longest: int, name: str) -> str:
    """Typed text, tidied. Raises DomainError when it is empty or too long."""
    text = str(storable(text)).replace("\r\n", "\n").strip()
    if not text:
        raise DomainError(f"{name}不能为空。")
    if len(text) > longest:
        raise DomainError(f"{name}最多{longest}字，现在{len(text)}字。")
    return text
