"""A line as slow as one wishes: it hands TCP on at so many bit/s, with a delay, and stalls when told to."""

import contextlib
import queue
import socket
import threading
import time

PIECE = 64  # bytes that go over the line as one
BUFFER = 4096  # bytes that the kernel may hold before the line; its own measure would hide a stall


class Relay:
    """Between a client that connects to `port` and a server's port. Both ways are equally slow."""

    def __init__(self, server, bits_per_s, delay_s):
        """`delay_s` is that of one way."""
        self._server, self._bits_per_s, self._delay_s = server, bits_per_s, delay_s
        self.sent = 0  # bytes to the client
        self._flows, self._over = threading.Event(), False
        self._flows.set()
        self._sockets = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self):
        """Nothing arrives any more, on either side."""
        self._flows.clear()

    def go_on(self):
        """All that is on its way arrives."""
        self._flows.set()

    def close(self):
        """Cut it."""
        self._over = True
        self._flows.set()
        for each in (self._door, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket()
                for each in (client, server):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
                server.connect(("127.0.0.1", self._server))
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    way = queue.Queue()
                    threading.Thread(target=self._take, args=(source, way), daemon=True).start()
                    threading.Thread(target=self._give, args=(way, sink, sink is client), daemon=True).start()

    def _take(self, source, way):
        """Take pieces no faster than the line does."""
        free = time.monotonic()
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                free = max(free, time.monotonic()) + len(piece) * 8 / self._bits_per_s
                time.sleep(max(0.0, free - time.monotonic()))
                self._flows.wait()
                way.put((time.monotonic() + self._delay_s, piece))
        way.put((time.monotonic() + self._delay_s, b""))

    def _give(self, way, sink, counts):
        """Give each piece when its time has come."""
        with contextlib.suppress(OSError):
            while not self._over:
                due, piece = way.get()
                time.sleep(max(0.0, due - time.monotonic()))
                self._flows.wait()
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(piece)
                self.sent += len(piece) * counts
