"""Each fault of the network does what it is called: who was served, and what the client heard."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from faults.proxy import Proxy

BODY = bytes(range(256)) * 400
ROUTE = "/data/working-files/1/file"


class Upstream(ThreadingHTTPServer):
    """Remembers the bodies it was given whole, and answers each with its length."""

    daemon_threads = False
    served: list[bytes]
    arrived: threading.Event


class Handler(BaseHTTPRequestHandler):
    server: Upstream

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):
            return
        self.server.served.append(body)
        self.server.arrived.set()
        answer = str(len(body)).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what was served."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream(("127.0.0.1", 0), Handler)
    server.served, server.arrived = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))  # how often it looks up
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[Proxy]:
    host, port = upstream.server_address[:2]
    with Proxy(lambda: (str(host), int(port)), seed=1, longest_hold=0.3) as proxy:
        yield proxy


def post(proxy: Proxy) -> str:
    """What the client hears: a status, or ``broken``."""
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST", ROUTE, BODY)
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return "broken"
    finally:
        connection.close()
    return str(response.status)


FAULTS = [
    ("pass", "201", True),
    ("delay", "201", True),
    ("slow", "201", True),
    ("pause", "201", True),
    ("hold answer", "201", True),
    ("cut answer", "broken", True),
    ("504 served", "504", True),
    ("late request", "broken", True),
    ("cut request", "broken", False),
    ("refuse", "broken", False),
    ("hang", "broken", False),
    ("502", "502", False),
    ("503", "503", False),
]


@pytest.mark.parametrize(("kind", "heard", "served"), FAULTS, ids=[kind for kind, *_ in FAULTS])
def test_when_a_fault_is_met_then_it_is_the_one_it_says(
    proxy: Proxy, upstream: Upstream, kind: str, heard: str, served: bool
) -> None:
    met = proxy.arrange("upload", kind, chance=0.5)

    answer = post(proxy)
    proxy.drain()

    assert met.is_set()
    assert answer == heard
    assert upstream.served == ([BODY] if served else [])


def test_when_half_an_answer_is_cut_then_the_request_was_served(
    proxy: Proxy, upstream: Upstream
) -> None:
    proxy.arrange("upload", "cut half answer", chance=0.2)

    assert post(proxy) == "broken"
    assert upstream.served == [BODY]


def test_when_the_network_is_down_then_connections_are_refused_until_it_is_up(
    proxy: Proxy, upstream: Upstream
) -> None:
    proxy.down()
    down = post(proxy)
    proxy.up()

    assert (down, post(proxy)) == ("broken", "201")


def test_when_the_seed_is_the_same_then_connections_meet_the_same_faults(
    upstream: Upstream,
) -> None:
    host, port = upstream.server_address[:2]
    heard = []
    for _ in range(2):
        with Proxy(lambda: (str(host), int(port)), seed=7, longest_hold=0.05) as proxy:
            proxy.weather("cutting")
            heard.append([post(proxy) for _ in range(12)])

    assert heard[0] == heard[1]
    assert set(heard[0]) == {"201", "broken"}
