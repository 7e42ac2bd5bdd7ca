"""Sanic's HTTP/1.1, mended in three places that its settings don't reach."""

from sanic.exceptions import BadURL, RequestTimeout, ServiceUnavailable
from sanic.http import Http, Stage
from sanic.server.protocols.http_protocol import HttpProtocol


class _Http(Http):
    async def error_response(self, exception: Exception) -> None:
        """Sanic reads a refused body to its end, also one that was too slow to be waited for."""
        await super().error_response(exception)
        if isinstance(exception, RequestTimeout | ServiceUnavailable):
            self.request_body = None

    def create_empty_request(self) -> None:
        """Sanic answers an error with a request made of the address, also where that is the error:
        the second failure would be a trace in the log and no answer."""
        try:
            super().create_empty_request()
        except BadURL:
            self.url = None
            super().create_empty_request()


class Protocol(HttpProtocol):
    """A connection on which nobody can take his time.

    Sanic's time-outs start anew with every byte. Here the head of a request must be complete
    REQUEST_TIMEOUT after its first byte, and its body be read and answered RESPONSE_TIMEOUT after
    it, however busily the bytes trickle. (Sanic looks twice in the shortest time-out.)
    """

    HTTP_CLASS = _Http

    def data_received(self, data: bytes) -> None:
        """More bytes; only the first ones of a request set the clock."""
        since = self._time
        super().data_received(data)
        http = self.http  # None until the connection's task has begun
        if http is not None and (http.stage is Stage.REQUEST or http.request_body):
            self._time = since
