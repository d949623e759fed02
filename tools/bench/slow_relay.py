"""A port in front of a server, slower than the server is.

``python -m tools.bench.slow_relay HOST PORT`` prints the port it listens on, then reads lines from
standard input: ``answer SECONDS`` delays every answer from then on, ``rate BYTES`` lets at most so
many bytes a second through to the server (0: all). It ends with its standard input.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress

_PIECE = 64 * 1024


class Manner:
    """How slow it is at the moment; written by one thread, read by the others."""

    answer = 0.0
    rate = 0.0


def main() -> None:
    target = (sys.argv[1], int(sys.argv[2]))
    manner = Manner()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(listener, target, manner), daemon=True).start()
    for line in sys.stdin:
        what, value = line.split()
        setattr(manner, what, float(value))
        print("done", flush=True)


def _accept(listener: socket.socket, target: tuple[str, int], manner: Manner) -> None:
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(target)
        for source, sink, to_server in ((near, far, True), (far, near, False)):
            threading.Thread(
                target=_pump, args=(source, sink, manner, to_server), daemon=True
            ).start()


def _pump(source: socket.socket, sink: socket.socket, manner: Manner, to_server: bool) -> None:
    try:
        while piece := source.recv(_PIECE):
            if to_server and manner.rate:
                time.sleep(len(piece) / manner.rate)
            elif not to_server and manner.answer:
                time.sleep(manner.answer)
            sink.sendall(piece)
    except OSError:
        pass  # one side is gone; the other hears of it below
    finally:
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
