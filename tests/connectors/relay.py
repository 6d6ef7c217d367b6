"""A TCP port that leads to a server until it is closed: a server that goes away."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Relay:
    """The port; `bytes_in` counts what clients sent, `bytes_out` what they were sent."""

    listener: socket.socket
    target: tuple[str, int]
    bytes_in: int = 0
    bytes_out: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def close(self) -> None:
        """Breaks all connections off and accepts no more."""
        # Without shutdown a thread that waits in accept keeps the port open.
        for one in (self.listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                upstream = socket.create_connection(self.target)
                self._open += [client, upstream]
                threading.Thread(target=self._pump, args=(client, upstream), kwargs={"inward": True}, daemon=True).start()
                threading.Thread(target=self._pump, args=(upstream, client), kwargs={"inward": False}, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, *, inward: bool) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                self.bytes_in += len(block) if inward else 0
                self.bytes_out += 0 if inward else len(block)
                sink.sendall(block)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """A port that leads to another one of the loopback interface."""
    running = Relay(socket.create_server(("127.0.0.1", 0)), ("127.0.0.1", port))
    threading.Thread(target=running.accept, daemon=True).start()
    try:
        yield running
    finally:
        running.close()
