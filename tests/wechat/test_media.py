"""Files that people sent: fetched, bounded, and never from an address of somebody's choice."""

import httpx
import pytest

from handlers.incoming import App
from server.wechat.errors import TooLarge, Unavailable
from tests.wechat.platform import Platform, fault, reply


@pytest.fixture
def platform() -> Platform:
    return Platform()


async def test_download(platform: Platform) -> None:
    jpeg = b"\xff\xd8" + b"x" * 98
    picture = httpx.Response(200, content=jpeg, headers={"Content-Type": "image/jpeg"})
    platform.on("media/get", fault(40001), picture)
    client = platform.client()
    media = await client.download_media(App.OFFICIAL, media_id="m1", max_bytes=100)
    assert (media.content, media.content_type) == (jpeg, "image/jpeg")
    assert platform.calls("media/get")[1].url.params["access_token"] == "token-2"
    with pytest.raises(TooLarge):
        await client.download_media(App.OFFICIAL, media_id="m1", max_bytes=99)


async def test_a_video_is_fetched_where_the_platform_keeps_it(platform: Platform) -> None:
    film = httpx.Response(200, content=b"\0\0ftyp", headers={"Content-Type": "video/mp4"})
    platform.on("media/get", reply(video_url="http://vweixinf.tc.qq.com/v1?a=b"))
    platform.on("/v1", film)
    media = await platform.client().download_media(App.OFFICIAL, media_id="m", max_bytes=99)
    assert media.content == b"\0\0ftyp"
    request = platform.requests[-1]
    assert str(request.url) == "http://vweixinf.tc.qq.com/v1?a=b"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200),
        httpx.Response(200, headers={"Content-Type": "image/jpeg"}),
        httpx.Response(200, html="<html>"),
        httpx.Response(200, content=b'{"errcode": 40'),
        fault(0),
        reply(video_url=5),
        reply(video_url="http://127.0.0.1/secret"),
        reply(video_url="http://evil.example/qq.com"),
        reply(video_url="http://[bad"),
    ],
)
async def test_an_answer_that_is_no_file(platform: Platform, answer: httpx.Response) -> None:
    platform.on("media/get", answer)
    with pytest.raises(Unavailable):
        await platform.client().download_media(App.OFFICIAL, media_id="m", max_bytes=99)
    assert len(platform.calls("media/get")) == len(platform.requests) - 1
