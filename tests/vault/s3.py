"""S3 on loopback, in this process."""

import contextlib
import http.client
import io
from collections.abc import Iterator

from moto.server import ThreadedMotoServer

from spreekbuis.settings import Bucket


@contextlib.contextmanager
def running() -> Iterator[Bucket]:
    """A bucket that is empty, and keeps what it gets in memory."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    with contextlib.redirect_stderr(io.StringIO()):
        server.start()
    port = server.get_host_and_port()[1]
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("PUT", "/meldingen")
        assert connection.getresponse().status == 200
        connection.close()
        yield Bucket("meldingen", "een/prefix", f"http://127.0.0.1:{port}", "us-east-1")
    finally:
        server.stop()


def open_uploads(bucket: Bucket) -> bytes:
    """What the bucket says about uploads that were begun and neither completed nor withdrawn."""
    connection = http.client.HTTPConnection(bucket.endpoint.removeprefix("http://"))
    connection.request("GET", f"/{bucket.name}?uploads")
    answer = connection.getresponse().read()
    connection.close()
    return answer
