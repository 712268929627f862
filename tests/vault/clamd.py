"""As much of clamd as its protocol needs: it finds EICAR, and can be told to answer something else."""

import contextlib
import socketserver
import struct
import threading
from collections.abc import Iterator

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The text that each scanner takes for a virus, to try it with (eicar.org). It does nothing."""


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        if self.rfile.read(10) != b"zINSTREAM\0":
            return
        content = b""
        while size := struct.unpack(">I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
            if len(content) > server.longest:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        server.scanned.append(content)
        if server.answer is not None:
            self.wfile.write(server.answer)
        else:
            found = EICAR in content
            self.wfile.write(b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if found else b"stream: OK\0")


class Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True


class Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextlib.contextmanager
def running(where: object = ("127.0.0.1", 0), *, answer: bytes | None = None) -> Iterator[Tcp | Unix]:
    """A scanner; `address` is what CLAMD_URL says and `scanned` what it got."""
    kind = Tcp if isinstance(where, tuple) else Unix
    with kind(where, _Talk) as server:
        server.answer, server.scanned, server.longest = answer, [], 2 << 20
        server.address = (
            f"tcp://127.0.0.1:{server.server_address[1]}" if kind is Tcp else f"unix:{server.server_address}"
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
