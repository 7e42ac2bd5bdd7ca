"""The platform's message encryption and signatures.

Scheme (platform documentation, "消息加解密说明"): AES-256-CBC, key = base64(aes_key + "="),
iv = first 16 bytes of the key, plaintext = random(16) + length(4, network order) + message + appid,
PKCS#7 padding to blocks of 32 bytes.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from server.config import AES_KEY, AppCredentials

BLOCK = 32
RANDOM = 16
HEAD = RANDOM + 4
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class CryptoError(Exception):
    """Key or ciphertext is unusable, or the message is for another appid."""


@lru_cache(maxsize=8)
def _cipher(aes_key: str) -> Cipher[CBC]:
    if not AES_KEY.fullmatch(aes_key):
        raise CryptoError("AES key is not 43 characters of [A-Za-z0-9]")
    key = base64.b64decode(aes_key + "=")
    return Cipher(AES(key), CBC(key[:16]))


def encrypt(credentials: AppCredentials, plaintext: bytes) -> str:
    """Encrypt a reply for the platform; base64. Raises CryptoError on an unusable key."""
    data = b"".join(
        (
            secrets.token_bytes(RANDOM),
            len(plaintext).to_bytes(4, "big"),
            plaintext,
            credentials.appid.encode(),
        )
    )
    pad = BLOCK - len(data) % BLOCK
    encryptor = _cipher(credentials.aes_key).encryptor()
    sealed = encryptor.update(data + bytes([pad]) * pad) + encryptor.finalize()
    return base64.b64encode(sealed).decode("ascii")


def decrypt(credentials: AppCredentials, encrypted_base64: str) -> bytes:
    """Decrypt what the platform sent. Raises CryptoError, and nothing else, on any fault."""
    # The decoder alone would pass over foreign characters and whatever follows the padding.
    if not BASE64.fullmatch(encrypted_base64):
        raise CryptoError("ciphertext is not base64")
    try:
        sealed = base64.b64decode(encrypted_base64)
    except binascii.Error:
        raise CryptoError("ciphertext is not base64") from None
    if not sealed or len(sealed) % BLOCK:
        raise CryptoError("ciphertext is not whole blocks")
    decryptor = _cipher(credentials.aes_key).decryptor()
    data = decryptor.update(sealed) + decryptor.finalize()
    pad = data[-1]
    if not 1 <= pad <= BLOCK or data[-pad:] != bytes([pad]) * pad:
        raise CryptoError("padding is wrong")
    content = data[:-pad]
    if len(content) < HEAD:
        raise CryptoError("ciphertext is too short")
    end = HEAD + int.from_bytes(content[RANDOM:HEAD], "big")
    if end > len(content):
        raise CryptoError("length field is wrong")
    if content[end:] != credentials.appid.encode():
        raise CryptoError("message is for another appid")
    return content[HEAD:end]


def signature(token: str, *parts: str) -> str:
    """The platform's signature: SHA-1, in hex, of token and parts, sorted and joined."""
    # The algorithm is the platform's; what it protects is bound to a secret token and 10 minutes.
    joined = "".join(sorted((token, *parts)))
    return hashlib.sha1(_octets(joined), usedforsecurity=False).hexdigest()


def matches(expected: str, given: str) -> bool:
    """Compare two signatures in constant time; any text may be given."""
    return hmac.compare_digest(_octets(expected), _octets(given))


def _octets(text: str) -> bytes:
    # A query string may decode to lone surrogates; they must compare unequal, not raise.
    return text.encode("utf-8", "surrogatepass")
