"""A client that does not read stops an upstream of HTTP/2: what waits for it is bounded, and comes whole when it reads
on."""

import contextlib
import os
import re
import socket
import struct
import threading
import time
import unittest
import zlib

from h2_wire import (ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE,
                     RawClient, frame, literal)
from support import GatewayTest, wait_until

SIZE = 256 << 20
BOUND = 16 << 20  # What windows and the buffers of four sockets may hold.
FRAME = 16_384
PERIOD = 1_000_003  # No multiple or part of what anybody moves at once.
FILLING = os.urandom(PERIOD) * 2
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, WINDOW_MAX = 3, 4, (1 << 31) - 1


class Answer:
  """What has left of one."""

  def __init__(self):
    self.sent, self.checksum = 0, 0


class Pouring:
  """An upstream that answers each request with SIZE bytes, as fast as windows and sockets let it."""

  def __init__(self, test):
    self.listening = socket.create_server(("127.0.0.1", 0))
    test.addCleanup(self.listening.close)
    self.port = self.listening.getsockname()[1]
    self.answers = []
    self.connections = 0
    threading.Thread(target=self.accept, daemon=True).start()

  def accept(self):
    with contextlib.suppress(OSError):
      while True:
        connection = self.listening.accept()[0]
        self.connections += 1
        threading.Thread(target=PouringConnection(self.answers, connection).serve, daemon=True).start()

  def stopped(self, index=0):
    """Waits until no byte of an answer has left for a while, or all have; returns how many did."""
    seen = [0, 0]

    def still():
      sent = self.answers[index].sent if len(self.answers) > index else 0
      if seen[0] != sent:
        seen[:] = sent, time.monotonic()
      return sent == SIZE or (sent > 0 and time.monotonic() - seen[1] > 1)

    wait_until(still, "the upstream to be stopped")
    return self.answers[index].sent


class PouringConnection:

  def __init__(self, answers, connection):
    self.answers, self.connection = answers, connection
    self.windows, self.stream_window = {0: 65_535}, 65_535
    self.changed, self.writing = threading.Condition(), threading.Lock()
    # With Nagle's algorithm each window would wait for an acknowledgement that the gateway's kernel delays.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

  def serve(self):
    with self.connection, contextlib.suppress(OSError):
      self.write(frame(SETTINGS, payload=struct.pack(">HI", MAX_CONCURRENT_STREAMS, 100)))
      data = b""
      while more := self.connection.recv(65536):
        data = (data + more).removeprefix(PREFACE)
        while len(data) >= 9 and len(data) >= (whole := 9 + int.from_bytes(data[:3], "big")):
          self.take(data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:whole])
          data = data[whole:]

  def write(self, data):
    with self.writing:
      self.connection.sendall(data)

  def take(self, kind, flags, stream, payload):
    with self.changed:
      if kind == SETTINGS and not flags & ACK:
        for at in range(0, len(payload), 6):
          name, value = struct.unpack_from(">HI", payload, at)
          if name == INITIAL_WINDOW_SIZE:
            self.stream_window = value
        self.write(frame(SETTINGS, ACK))
      elif kind == WINDOW_UPDATE:
        self.windows[stream] = self.windows.get(stream, 0) + int.from_bytes(payload, "big")
        self.changed.notify_all()
      elif kind == HEADERS:
        self.windows[stream] = self.stream_window
        self.answers.append(Answer())
        threading.Thread(target=self.pour, args=(stream, self.answers[-1]), daemon=True).start()

  def room(self, stream):
    return min(self.windows[0], self.windows[stream])

  def pour(self, stream, answer):
    with contextlib.suppress(OSError):
      self.write(frame(HEADERS, END_HEADERS, stream,
                       literal(":status", "200") + literal("content-length", str(SIZE))))
      while answer.sent < SIZE:
        with self.changed:
          self.changed.wait_for(lambda: self.room(stream) > 0)
          size = min(self.room(stream), FRAME, SIZE - answer.sent)
          self.windows[0] -= size
          self.windows[stream] -= size
        at = answer.sent % PERIOD
        piece = FILLING[at:at + size]
        answer.sent += size
        answer.checksum = zlib.crc32(piece, answer.checksum)
        self.write(frame(DATA, END_STREAM if answer.sent == SIZE else 0, stream, piece))


class SlowClients(GatewayTest):

  def setUp(self):
    self.up = Pouring(self)
    self.gate = self.gateway({"name": "s", "url": f"http://127.0.0.1:{self.up.port}", "protocol_version": "2",
                              "routes": [{"name": "r", "paths": ["/"]}]},
                             gateway={"workers": 1}, listener={"h2c": True})

  def check_whole(self, size, checksum):
    self.assertEqual((size, checksum), (SIZE, self.up.answers[0].checksum))
    self.assertEqual(self.gate.log_lines(1)[0]["response"]["status"], 200)
    self.assertNotIn("error", self.gate.log_lines(1)[0])

  def test_one_of_http_1_1_stops_the_upstream_and_then_has_everything(self):
    client = self.gate.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    head = client.stream.response_head()
    self.assertEqual(head.get("content-length"), str(SIZE))
    self.assertLess(self.up.stopped(), BOUND)

    size, checksum = len(client.stream.waiting), zlib.crc32(client.stream.waiting)
    while size < SIZE:
      data = client.connection.recv(1 << 20)
      self.assertTrue(data, f"the end after {size} bytes")
      size += len(data)
      checksum = zlib.crc32(data, checksum)
    self.check_whole(size, checksum)

  def test_one_of_http_2_that_opens_no_window_stops_the_upstream_and_then_has_everything(self):
    client = RawClient(self.gate.connect(), settings=struct.pack(">HI", INITIAL_WINDOW_SIZE, 0))
    client.request(1)
    self.assertIsNotNone(client.until(lambda kind, *_: kind == HEADERS))
    self.assertLess(self.up.stopped(), BOUND)
    self.assertFalse([kind for kind, *_ in client.frames if kind == DATA])

    client.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW_MAX - 65_535)),
                frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", WINDOW_MAX)))
    size, checksum, ended = 0, 0, False
    while not ended:
      self.assertTrue(client.step(), f"the end after {size} bytes")
      for kind, flags, _, payload in client.frames:
        self.assertNotEqual(kind, RST_STREAM)
        if kind == DATA:
          size += len(payload)
          checksum = zlib.crc32(payload, checksum)
          ended = bool(flags & END_STREAM)
      client.frames.clear()
    self.check_whole(size, checksum)

  def test_one_of_http_2_that_does_not_read_at_all_stops_it_too(self):
    connection = self.gate.connect()
    client = RawClient(connection, settings=struct.pack(">HI", INITIAL_WINDOW_SIZE, WINDOW_MAX))
    client.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW_MAX - 65_535)))
    client.request(1)
    self.assertLess(self.up.stopped(), BOUND)

  def test_a_stopped_answer_stops_no_other_one_on_its_connection(self):
    stopped = RawClient(self.gate.connect(), settings=struct.pack(">HI", INITIAL_WINDOW_SIZE, 0))
    stopped.request(1)
    self.up.stopped()

    client = self.gate.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.stream.response_head()
    client.stream.exactly(BOUND)
    self.assertEqual(self.up.connections, 1)


class Dripping:
  """An HTTP/1.1 upstream whose answers come in small pieces, each in a segment of its own, in turns."""

  EVENT, EVENTS = b"a\r\n0123456789\r\n", 500

  def __init__(self, test, streams):
    self.listening = socket.create_server(("127.0.0.1", 0), backlog=streams)
    test.addCleanup(self.listening.close)
    self.port = self.listening.getsockname()[1]
    self.sent, self.may_end = threading.Event(), threading.Event()
    threading.Thread(target=self.serve, args=(streams,), daemon=True).start()

  def serve(self, streams):
    with contextlib.suppress(OSError), contextlib.ExitStack() as closing:
      connections = [closing.enter_context(self.listening.accept()[0]) for _ in range(streams)]
      for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in range(self.EVENTS):
        for connection in connections:
          connection.sendall(self.EVENT)
      self.sent.set()
      self.may_end.wait()
      for connection in connections:
        connection.sendall(b"0\r\n\r\n")
      connections[0].recv(1)


class SmallPieces(GatewayTest):

  def test_pieces_that_wait_hold_little_more_than_their_bytes(self):
    streams = 20
    up = Dripping(self, streams)
    gate = self.gateway({"name": "s", "url": f"http://127.0.0.1:{up.port}", "routes": [{"name": "r", "paths": ["/"]}]},
                        gateway={"workers": 1}, listener={"h2c": True})
    client = RawClient(gate.connect(), settings=struct.pack(">HI", INITIAL_WINDOW_SIZE, 0))
    for stream in range(1, 2 * streams, 2):
      client.request(stream)
    wait_until(up.sent.is_set, "the upstream to have sent everything")
    seen = [0, time.monotonic()]

    def settled():
      memory = int(re.search(r"^sluice_worker_memory_bytes (\d+)", gate.status("/metrics")[1], re.MULTILINE)[1])
      if seen[0] != memory:
        seen[:] = memory, time.monotonic()
      return time.monotonic() - seen[1] > 1  # The gauge is written each half second.

    wait_until(settled, "the gauge of memory to be written")
    self.assertLess(seen[0], 4 << 20)
    up.may_end.set()
    client.send(*(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 65_535))
                  for stream in (0, *range(1, 2 * streams, 2))))
    size = ended = 0
    while ended < streams:
      self.assertTrue(client.step(), f"the end after {size} bytes")
      for kind, flags, _, payload in client.frames:
        self.assertNotEqual(kind, RST_STREAM)
        size += len(payload) if kind == DATA else 0
        ended += kind in (DATA, HEADERS) and bool(flags & END_STREAM)
      client.frames.clear()
    self.assertEqual(size, streams * 10 * up.EVENTS)


if __name__ == "__main__":
  unittest.main()
