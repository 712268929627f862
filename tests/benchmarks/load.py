"""Clients that do what browsers do: keep-alive, one cookie jar each, forms filled in from the page."""

import http.client
import re
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Refused(Exception):
    """The server did not answer as a reporter needs it."""


@dataclass
class Client:
    """One browser on one connection."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    form: list[tuple[str, str]] = field(default_factory=list)
    """Hidden fields that a piece of work keeps from a page it saw."""

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        if kind:
            headers["Content-Type"] = kind
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if method != "GET":
                raise
            self._connection.close()
            return self.request(method, path, body, kind)
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        self.location = answer.headers.get("Location", "")
        return answer.status, text

    def get(self, path: str) -> str:
        status, text = self.request("GET", path)
        if status != 200:
            raise Refused(f"GET {path}: {status}")
        return text

    def post(self, path: str, fields: list[tuple[str, str]], *, multipart: bool = False) -> tuple[int, str]:
        if not multipart:
            return self.request("POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")
        edge = "----spreekbuis-bench"
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields]
        body = ("".join(parts) + f"--{edge}--\r\n").encode()
        return self.request("POST", path, body, f"multipart/form-data; boundary={edge}")

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Measured:
    """Times of one kind of work, in milliseconds, and how many were done per second by all clients together."""

    done: int
    per_second: float
    p50: float
    p95: float


def measure(
    work: Callable[[Client], object], port: int, clients: int, seconds: float, warm: int = 3
) -> Measured:
    """`clients` threads repeat `work` for `seconds`, each with a browser of its own."""
    times: list[float] = []
    errors: list[BaseException] = []
    start = threading.Barrier(clients + 1)
    ends = [0.0]

    def repeat() -> None:
        client = Client(port)
        try:
            for _ in range(warm):
                work(client)
            start.wait()
            while time.perf_counter() < ends[0]:
                began = time.perf_counter()
                work(client)
                times.append((time.perf_counter() - began) * 1000)
        except BaseException as error:  # noqa: BLE001 (raised again by the main thread)
            errors.append(error)
            start.abort()
        finally:
            client.close()

    threads = [threading.Thread(target=repeat) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ends[0] = time.perf_counter() + seconds + 30
    try:
        start.wait()
        began = time.perf_counter()
        ends[0] = began + seconds
    finally:
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
    took = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=20) if len(times) > 1 else times * 20
    return Measured(len(times), len(times) / took, statistics.median(times), cuts[18])


def in_turns(works: Sequence[tuple[Callable[[Client], object], int]], seconds: float) -> list[Measured]:
    """Each piece of work on its port by one client, in turns of 20, so that all meet the same moments of a machine
    that is shared with others. Each connects anew after some turns: a connection stays with one process of the
    server, and that with one processor, which makes the same page a third slower or faster for as long as it lasts."""
    clients = [Client(port) for _, port in works]
    times: list[list[float]] = [[] for _ in works]
    ends = time.perf_counter() + seconds
    turns = 0
    while turns <= 1 or time.perf_counter() < ends:
        for (do, _), client, kept in zip(works, clients, times, strict=True):
            if turns % 5 == 0:
                client.close()
            for number in range(20):
                began = time.perf_counter()
                do(client)
                if turns and (
                    number or turns % 5
                ):  # not the first turn, nor the first request of a connection
                    kept.append((time.perf_counter() - began) * 1000)
        turns += 1
    for client in clients:
        client.close()
    return [
        Measured(
            len(kept),
            1000 * len(kept) / sum(kept),
            statistics.median(kept),
            statistics.quantiles(kept, n=20)[18],
        )
        for kept in times
    ]
