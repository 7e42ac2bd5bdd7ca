"""Pictures as they come from strangers, made harmless: decoded, bounded, encoded anew."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from threading import Lock

from PIL import Image, ImageOps, UnidentifiedImageError

from handlers.errors import DomainError

LARGEST = 5 * 1024 * 1024  # bytes, as sent
MOST_PIXELS = 25_000_000
LONGEST_SIDE = 2560  # pixels, as kept
KINDS = ("JPEG", "PNG", "WEBP")
TOO_MANY_PIXELS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What Pillow's decoders raise for bytes that are no picture after all.
BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, struct.error,
    zlib.error,
)  # fmt: skip

# Seen at 25 million pixels: 190 MB for JPEG, 280 for PNG, 480 for WebP. So one at a time.
_decoding = Lock()


class WrongKind(DomainError):
    """No picture of a kind that we take."""

    status = 415
    code = "unsupported_media_type"


class TooLarge(DomainError):
    """Too many bytes or pixels."""

    status = 413
    code = "too_large"


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture without metadata."""

    data: bytes
    content_type: str


def clean(data: bytes) -> Picture:
    """The picture in `data`, upright, without metadata, at most LONGEST_SIDE wide and high.

    PNG stays PNG while that is no larger than LARGEST; everything else becomes JPEG on white.
    Blocks for up to some seconds. Raises WrongKind, TooLarge, or DomainError for a broken picture.
    """
    if not data:
        raise DomainError("没有收到图片，请重新选择。")
    if len(data) > LARGEST:
        raise TooLarge(f"图片不能超过{LARGEST // 1024 // 1024}MB，请压缩后再发。")
    with _decoding:
        try:
            return _encoded_anew(data)
        except UnidentifiedImageError as error:
            raise WrongKind("只能发送 JPG、PNG 或 WebP 图片。") from error
        except TOO_MANY_PIXELS as error:
            raise _too_many_pixels() from error
        except BROKEN as error:
            raise DomainError("图片已损坏，打不开，请重新拍照或另选一张。") from error


def _encoded_anew(data: bytes) -> Picture:
    with Image.open(BytesIO(data), formats=KINDS) as opened:
        # Opening reads the header only: this is known before any memory is taken.
        if opened.width * opened.height > MOST_PIXELS:
            raise _too_many_pixels()
        kind = opened.format
        # A JPEG decodes straight to about the size wanted; elsewhere this does nothing.
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        ImageOps.exif_transpose(opened, in_place=True)
        mode = "RGBA" if opened.has_transparency_data else "RGB"
        image = opened if opened.mode == mode else opened.convert(mode)
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        if kind == "PNG":
            picture = _encoded(image, "PNG")
            if len(picture.data) <= LARGEST:
                return picture
        return _encoded(image, "JPEG")


def _encoded(image: Image.Image, kind: str) -> Picture:
    # A new image has no metadata that an encoder could carry over.
    fresh = Image.new(image.mode if kind == "PNG" else "RGB", image.size, "white")
    fresh.paste(image, mask=image if kind == "JPEG" and image.mode == "RGBA" else None)
    output = BytesIO()
    fresh.save(output, kind, quality=88)
    return Picture(output.getvalue(), f"image/{kind.lower()}")


def _too_many_pixels() -> TooLarge:
    return TooLarge(f"图片像素太多（最多{MOST_PIXELS // 10_000}万），请缩小后再发。")
