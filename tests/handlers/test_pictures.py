"""Pictures from strangers: what comes out is harmless, and what is none is refused in words."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from handlers.errors import DomainError
from handlers.pictures import LARGEST, LONGEST_SIDE, TooLarge, WrongKind, clean

SECRET = b"taken at 31.2N 121.5E"


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    output = BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def photo(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    """A picture with its left half red."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def told() -> Iterator[tuple[str, bytes]]:
    """One picture of each kind that tells where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    yield (
        "JPEG",
        encoded(photo(), "JPEG", exif=exif, comment=SECRET, icc_profile=SECRET, xmp=SECRET),
    )
    notes = PngInfo()
    notes.add_text("Comment", SECRET.decode())
    yield "PNG", encoded(photo(), "PNG", exif=exif, pnginfo=notes, icc_profile=SECRET)
    yield "WEBP", encoded(photo(), "WEBP", exif=exif, xmp=SECRET)


@pytest.mark.parametrize(("kind", "data"), list(told()), ids=["jpeg", "png", "webp"])
def test_metadata_goes_and_orientation_stays_right(kind: str, data: bytes) -> None:
    assert SECRET in data or zlib.compress(SECRET)[2:8] in data
    picture = clean(data)
    assert picture.content_type == ("image/png" if kind == "PNG" else "image/jpeg")
    assert SECRET not in picture.data
    image = opened(picture.data)
    assert not image.getexif()
    assert not {"comment", "icc_profile", "xmp", "Comment", "exif"} & set(image.info)
    # Turned upright: the red half is now on top.
    assert image.size == (40, 60)
    red, *_ = image.convert("RGB").crop((20, 10, 21, 11)).tobytes()
    assert red > 240
    assert clean(data) == picture


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "CMYK", "YCbCr"])
def test_every_mode_is_taken(mode: str) -> None:
    image = Image.new(mode, (8, 8)) if mode in {"I;16", "LA"} else photo((8, 8), mode)
    kind = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    assert opened(clean(encoded(image, kind)).data).size == (8, 8)


def test_what_shines_through_lies_on_white() -> None:
    glass = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert opened(clean(encoded(glass, "WEBP", lossless=True)).data).getpixel((4, 4)) == (255,) * 3
    kept = opened(clean(encoded(glass, "PNG")).data)
    assert kept.mode == "RGBA"


def test_large_pictures_are_made_smaller() -> None:
    picture = opened(clean(encoded(photo((6000, 3000)), "JPEG")).data)
    assert max(picture.size) == LONGEST_SIDE
    noise = Image.frombytes("RGB", (1600, 1600), Random(1).randbytes(3 * 1600 * 1600))
    webp = encoded(noise, "WEBP", quality=40)
    assert clean(webp).content_type == "image/jpeg"


def bomb(width: int, height: int) -> bytes:
    """A small PNG that claims to be this large."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [5_001, 9_600, 60_000])
def test_bombs_are_told_by_their_header(side: int) -> None:
    with pytest.raises(TooLarge, match="2500万"):
        clean(bomb(side, side))


def test_too_many_bytes() -> None:
    with pytest.raises(TooLarge, match="5MB"):
        clean(bytes(LARGEST + 1))


@pytest.mark.parametrize(
    "data",
    [b"hello", b"<svg xmlns='x'/>", b"%PDF-1.7", b"\xff\xd8", encoded(photo(), "GIF"),
     encoded(photo(), "BMP"), encoded(photo(), "TIFF")],
    ids=range(7),
)  # fmt: skip
def test_other_kinds_are_refused(data: bytes) -> None:
    with pytest.raises(WrongKind, match="JPG、PNG 或 WebP"):
        clean(data)


def test_nothing_is_no_picture() -> None:
    with pytest.raises(DomainError, match="没有收到图片"):
        clean(b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture_is_broken(kind: str) -> None:
    noise = Image.frombytes("RGB", (200, 200), Random(1).randbytes(120_000))
    data = encoded(noise, kind)
    with pytest.raises(DomainError, match="已损坏"):
        clean(data[: len(data) // 2])


SAMPLES = [data for _, data in told()]


# Pillow warns of odd EXIF data and reads on; what it makes of them is what is looked at here.
@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=300, deadline=None)
@given(
    sample=st.sampled_from(SAMPLES),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damage_never_gets_past_us(sample: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(sample)
    for at, value in changes:
        data[at % len(data)] = value
    try:
        picture = clean(bytes(data))
    except DomainError as error:
        assert error.sentence.endswith("。")
    else:
        assert opened(picture.data).size <= (LONGEST_SIDE, LONGEST_SIDE)
