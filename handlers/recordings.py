"""Voice messages as they come from strangers: known by their first bytes, bounded, kept as is."""

from handlers.pictures import TooLarge, WrongKind

LARGEST = 2 * 1024 * 1024  # bytes; the platform's own limit for voice
MP3_FRAME = 0xFFE0  # the first eleven bits of every frame are set


def content_type_of(data: bytes) -> str:
    """What kind of recording it is: AMR, Speex in Ogg, or MP3. Raises WrongKind, TooLarge."""
    if len(data) > LARGEST:
        raise TooLarge(f"语音不能超过{LARGEST // 1024 // 1024}MB。")
    if data.startswith(b"#!AMR"):
        return "audio/amr"
    if data.startswith(b"OggS") and b"Speex   " in data[:64]:
        return "audio/ogg"
    if data.startswith(b"ID3") or int.from_bytes(data[:2]) & MP3_FRAME == MP3_FRAME:
        return "audio/mpeg"
    raise WrongKind("不是能识别的语音格式。")
