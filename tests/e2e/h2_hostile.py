"""Upstreams of HTTP/2 that flood the gateway, and clients in front of it that make it ask them."""

import dataclasses
import socket
import struct
import threading
import time
import typing

from h2_wire import (ACK, CONTINUATION, DATA, END_HEADERS, GOAWAY, HEADERS, PING, PREFACE, PRIORITY, PUSH_PROMISE,
                     RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, literal)

STATUS = literal(":status", "200")
BOMB = b"\x40" + literal("x-bomb", "v" * 4000)[1:] + b"\xbe" * 12_000
PIECE = 32 * 1024
# What a connection costs the link of either side beside its data: SYN, two ACKs and FIN, with their Ethernet frames.
BYTES_OF_A_CONNECTION = 4 * 84
NO_STREAM = struct.pack(">HI", 3, 0)  # SETTINGS_MAX_CONCURRENT_STREAMS


def nothing(_):
  return b""


@dataclasses.dataclass(frozen=True)
class Hostile:
  """What an upstream says behind a request's head: `begin(stream)`, and `again(stream)` without end. `settings` is
  its greeting, and `closes` whether the gateway must close its connection."""

  again: typing.Callable = nothing
  begin: typing.Callable = nothing
  settings: bytes = b""
  closes: bool = True


def head(stream, block=STATUS, flags=END_HEADERS):
  return frame(HEADERS, flags, stream, block)


HOSTILE = {
    "settings": Hostile(lambda _: frame(SETTINGS)),
    "pings": Hostile(lambda _: frame(PING, payload=b"12345678")),
    "priorities": Hostile(lambda at: frame(PRIORITY, 0, at, b"\0\0\0\0\x10")),
    "windows": Hostile(lambda at: frame(WINDOW_UPDATE, 0, at, b"\0\0\0\1")),
    "empty data": Hostile(lambda at: frame(DATA, 0, at), head),
    "continuations": Hostile(lambda at: frame(CONTINUATION, 0, at), lambda at: head(at, flags=0)),
    "bytes that stand for large fields": Hostile(begin=lambda at: head(at, STATUS + BOMB)),
    "a push": Hostile(begin=lambda at: frame(PUSH_PROMISE, END_HEADERS, at, struct.pack(">I", 2) + STATUS)),
    "heads that are none": Hostile(begin=lambda at: head(at, b"\xff" * 100)),
    # One that ignores a stream's window has to do with that stream alone.
    "more data than windows let through": Hostile(lambda at: frame(DATA, 0, at, b"x" * 16_384), head, closes=False),
}

# What makes sense over time alone, beside those.
LASTING = {
    **HOSTILE,
    "resets of streams": Hostile(begin=lambda at: frame(RST_STREAM, 0, at, struct.pack(">I", 2)), closes=False),
    "farewells": Hostile(begin=lambda at: frame(GOAWAY, payload=struct.pack(">II", 0, 0))),
    "hints without end": Hostile(lambda at: head(at, literal(":status", "103")), closes=False),
    "no stream allowed": Hostile(settings=NO_STREAM, closes=False),
}


class Upstreams:
  """Serves all connections to one port, each in a thread; `begin_attack` says by what, until `end_attack`."""

  def __init__(self, port):
    self.attack, self.hostile = None, None
    self.listening = socket.create_server(("127.0.0.1", port), backlog=128)
    threading.Thread(target=self.accept, daemon=True).start()

  def accept(self):
    while True:
      connection, _ = self.listening.accept()
      threading.Thread(target=self.serve, args=(connection, self.attack, self.hostile), daemon=True).start()

  def serve(self, connection, attack, hostile):
    with connection:
      connection.settimeout(0.5)
      try:
        attack.pace.wait(BYTES_OF_A_CONNECTION)
        attack.send(connection, frame(SETTINGS, payload=hostile.settings) + frame(SETTINGS, ACK))
        for stream in streams_of(connection, attack.until):
          attack.send(connection, hostile.begin(stream))
          again = hostile.again(stream)
          while again and attack.send(connection, again * max(1, PIECE // len(again))):
            pass
      except TimeoutError:
        pass
      except OSError:
        attack.count_closed(1)


def streams_of(connection, until):
  """The streams of requests as they come, until then; OSError where the peer closes."""
  data, preface = b"", len(PREFACE)
  while time.monotonic() < until:
    try:
      more = connection.recv(65536)
    except TimeoutError:
      continue
    if not more:
      raise ConnectionResetError("closed")
    data += more
    if preface and len(data) >= preface:
      data, preface = data[preface:], 0
    while not preface and len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
      if data[3] == HEADERS:
        yield int.from_bytes(data[5:9], "big")
      data = data[9 + int.from_bytes(data[:3], "big"):]


def ask(attack, request):
  """One request to the gateway, whatever its answer."""
  with socket.create_connection(("127.0.0.1", attack.port), timeout=1.0) as connection:
    connection.settimeout(max(0.5, attack.until + 1 - time.monotonic()))
    connection.sendall(request)
    while connection.recv(65536):
      pass
