"""Our cipher against wechatpy's, both ways, and against every kind of damage."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto
from wechatpy.utils import WeChatSigner

from server.config import AppCredentials
from server.wechat.crypto import CryptoError, decrypt, encrypt, matches, signature
from tests.wechat.callbacks import SAFE

oracle = PrpCrypto(base64.b64decode(SAFE.aes_key + "="))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_wechatpy_reads_what_we_encrypt(text: str) -> None:
    assert oracle.decrypt(encrypt(SAFE, text.encode()), SAFE.appid) == text


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_we_read_what_wechatpy_encrypts(text: str) -> None:
    assert decrypt(SAFE, oracle.encrypt(text, SAFE.appid).decode()) == text.encode()


@given(st.binary(max_size=200))
def test_any_bytes_come_back(plaintext: bytes) -> None:
    assert decrypt(SAFE, encrypt(SAFE, plaintext)) == plaintext


@pytest.mark.parametrize("size", range(64))
def test_every_padding_length(size: int) -> None:
    assert decrypt(SAFE, encrypt(SAFE, b"x" * size)) == b"x" * size


def test_trailing_bits_of_the_key_do_not_matter() -> None:
    # The 43rd character carries 6 bits, of which the key takes 4.
    keys = [SAFE.aes_key[:-1] + last for last in "YZ"]
    first, second = (AppCredentials(SAFE.appid, "", "", key) for key in keys)
    assert decrypt(second, encrypt(first, b"same")) == b"same"


@pytest.mark.parametrize("key", ["", "short", "a" * 42, "a" * 44, "a" * 42 + "+", "密" * 43])
def test_an_unusable_key_is_refused(key: str) -> None:
    credentials = AppCredentials(SAFE.appid, "", "", key)
    with pytest.raises(CryptoError):
        encrypt(credentials, b"x")
    with pytest.raises(CryptoError):
        decrypt(credentials, encrypt(SAFE, b"x"))


def test_another_appid_is_refused() -> None:
    other = AppCredentials("wxother", "", "", SAFE.aes_key)
    with pytest.raises(CryptoError, match="another appid"):
        decrypt(other, encrypt(SAFE, b"x"))


@given(st.text() | st.binary(max_size=200).map(lambda data: base64.b64encode(data).decode()))
def test_nothing_but_crypto_error_comes_of_rubbish(rubbish: str) -> None:
    with pytest.raises(CryptoError):
        decrypt(SAFE, rubbish)


@given(st.integers(0, 95), st.integers(1, 255))
def test_a_changed_byte_is_an_error_or_changes_only_the_message(index: int, flip: int) -> None:
    sealed = bytearray(base64.b64decode(encrypt(SAFE, b"y" * 60)))
    sealed[index] ^= flip
    with contextlib.suppress(CryptoError):
        assert len(decrypt(SAFE, base64.b64encode(sealed).decode())) == 60


@pytest.mark.parametrize("tail", ["", "=", "====", "\n", " ", "é", "\ud800"])
def test_base64_is_read_strictly(tail: str) -> None:
    sealed = encrypt(SAFE, b"y" * 60)
    with pytest.raises(CryptoError):
        decrypt(SAFE, sealed[:-1] + tail)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_signature_agrees_with_wechatpy(parts: list[str]) -> None:
    signer = WeChatSigner()
    signer.add_data(*parts)
    assert signature(*parts) == signer.signature


@given(st.text(), st.text())
def test_matches_is_equality_and_takes_any_text(expected: str, given_text: str) -> None:
    assert matches(expected, given_text) == (expected == given_text)
    assert not matches(expected, given_text + "\udfff")
