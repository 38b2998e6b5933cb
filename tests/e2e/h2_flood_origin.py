"""The recording origin of the tests of floods: `python3 h2_flood_origin.py` prints its port, and answers each line
with what it saw since the last one, in JSON.

One thread in a process of its own: answers leave in the order in which requests came, and what it costs does not show
in the latencies that the test measures."""

import collections
import json
import selectors
import socket
import sys

from wire import Head

ATTACKER, KEY = "attacker", "key-of-attacker"
WRONG_KEY = "key-of-nobody.."  # As long: the frames around it stay as they are.
LARGE = b"x" * 2_000_000


def ok(body):
  return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


LARGE_ANSWER = memoryview(ok(LARGE))


class Record:
  """What came since the last report."""

  def __init__(self):
    self.answered, self.held, self.faults = [], [], []

  def add(self, head):
    """Takes a request down; what is wrong with it is a fault, since nothing but the gateway's own requests may come:
    each has its id, and on the attacked route the one consumer."""
    path = head.line.split(" ")[1]
    identity = head.get("X-Kong-Request-Id")
    if not identity or not path.startswith(("/attack", "/victim", "/canary")):
      self.faults.append(f"smuggled: {head.raw!r}")
    if path.startswith("/attack") and (head.get("apikey"), head.get("X-Consumer-Username")) != (KEY, ATTACKER):
      self.faults.append(f"not authenticated: {head.raw!r}")
    (self.held if path == "/attack/held" else self.answered).append(identity)
    return path


class Connection:

  def __init__(self, origin, stream):
    self.origin, self.socket = origin, stream
    self.data, self.body = b"", 0  # `body` is how much of one is still to come.
    self.held = False  # Nothing more is answered, whatever comes.
    self.out = collections.deque()

  def read(self):
    try:
      more = self.socket.recv(65536)
    except BlockingIOError:
      return
    except OSError:
      more = b""
    if not more:
      self.close()
    elif not self.held:
      self.data += more
      self.take()
      self.write()

  def take(self):
    while not self.held:
      skipped = min(self.body, len(self.data))
      self.data, self.body = self.data[skipped:], self.body - skipped
      end = self.data.find(b"\r\n\r\n") + 4
      if self.body or end < 4:
        return
      head, self.data = Head(self.data[:end]), self.data[end:]
      self.answer(self.origin.record.add(head), head)

  def answer(self, path, head):
    if path == "/attack/held":
      self.held, self.data = True, b""
      return
    if head.get("Transfer-Encoding"):
      raise AssertionError(f"a body that the test does not expect: {head.raw!r}")
    self.body = int(head.get("Content-Length") or 0)
    self.out.append(LARGE_ANSWER if path == "/attack/large" else memoryview(ok(path.encode())))

  def write(self):
    try:
      while self.out:
        sent = self.socket.send(self.out[0])
        if sent < len(self.out[0]):
          self.out[0] = self.out[0][sent:]
        else:
          self.out.popleft()
    except BlockingIOError:
      pass
    except OSError:
      self.close()
      return
    events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.out else 0)
    self.origin.selector.modify(self.socket, events, self)

  def close(self):
    if self.data and not self.held:
      self.origin.record.faults.append(f"half a request: {self.data[:200]!r}")
    self.origin.selector.unregister(self.socket)
    self.origin.connections -= 1
    self.socket.close()


class Origin:

  def __init__(self):
    self.record, self.connections, self.peak = Record(), 0, 0
    self.selector = selectors.DefaultSelector()
    self.listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    self.listening.setblocking(False)
    # What nobody reads yet is not copied into the kernel: that would take this thread from the victims.
    self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
    self.selector.register(self.listening, selectors.EVENT_READ)
    self.selector.register(sys.stdin, selectors.EVENT_READ)

  def accept(self):
    try:
      stream, _ = self.listening.accept()
    except BlockingIOError:
      return
    stream.setblocking(False)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    self.selector.register(stream, selectors.EVENT_READ, Connection(self, stream))
    self.connections += 1
    self.peak = max(self.peak, self.connections)

  def report(self):
    """False at the end of the test."""
    if not sys.stdin.readline():
      return False
    print(json.dumps({**vars(self.record), "peak": self.peak}), flush=True)
    self.record, self.peak = Record(), self.connections
    return True

  def step(self, key, events):
    if key.data is None:
      self.accept()
      return
    try:
      if events & selectors.EVENT_WRITE:
        key.data.write()
      elif events & selectors.EVENT_READ:
        key.data.read()
    except AssertionError as fault:
      self.record.faults.append(str(fault))
      key.data.close()

  def run(self):
    print(self.listening.getsockname()[1], flush=True)
    while True:
      for key, events in self.selector.select():
        if key.fileobj is sys.stdin:
          if not self.report():
            return
        else:
          self.step(key, events)


if __name__ == "__main__":
  Origin().run()
