"""HTTP/1.1 as bytes, for both ends of a test: a strict reader that is content with nothing that the RFC forbids.

It shares no code with the gateway, so that one misreading cannot hide the other."""

import re

PIECE = 65536


class Ended(Exception):
  """The peer closed, or reset, where more was to come."""


class Head:
  """A start line and fields: `get` a field's only value, `all` of its values, or `names` in order."""

  def __init__(self, raw):
    self.raw = raw
    lines = raw[:-4].split(b"\r\n")
    if any(b"\r" in line or b"\n" in line for line in lines):
      raise AssertionError(f"a bare CR or LF in a head: {raw!r}")
    self.line = lines[0].decode("latin-1")
    self.fields = []
    for line in lines[1:]:
      name, colon, value = line.decode("latin-1").partition(":")
      if not colon or not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name):
        raise AssertionError(f"no field: {line!r}")
      self.fields.append((name, value.strip(" \t")))

  def all(self, name):
    return [value for known, value in self.fields if known.lower() == name.lower()]

  def get(self, name):
    values = self.all(name)
    if len(values) > 1:
      raise AssertionError(f"{name} comes {len(values)} times in {self.raw!r}")
    return values[0] if values else None

  @property
  def names(self):
    return [name.lower() for name, _ in self.fields]


class Message:
  """A request or a response with its body; `informational` are the heads of the 1xx before a response."""

  def __init__(self, head, body, trailers, informational=()):
    self.head = head
    self.body = body
    self.trailers = trailers
    self.informational = list(informational)

  def get(self, name):
    return self.head.get(name)

  @property
  def status(self):
    return int(self.head.line.split(" ")[1])

  @property
  def method(self):
    return self.head.line.split(" ")[0]

  @property
  def target(self):
    return self.head.line.split(" ")[1]


class Stream:
  """The receiving side of a socket, with all that was received."""

  def __init__(self, connection):
    self.connection = connection
    self.received = bytearray()
    self.taken = 0

  @property
  def waiting(self):
    return bytes(self.received[self.taken:])

  def more(self):
    """Receives once; False at the end."""
    try:
      piece = self.connection.recv(PIECE)
    except ConnectionResetError as reset:
      raise Ended("reset") from reset
    self.received += piece
    return bool(piece)

  def exactly(self, size):
    while len(self.received) - self.taken < size:
      if not self.more():
        raise Ended(f"{size} bytes were to come, {len(self.received) - self.taken} came")
    piece = bytes(self.received[self.taken:self.taken + size])
    self.taken += size
    return piece

  def until(self, mark):
    """What stands before the next `mark`, and the mark."""
    looked = self.taken
    while (found := self.received.find(mark, looked)) < 0:
      looked = max(self.taken, len(self.received) - len(mark) + 1)
      if not self.more():
        raise Ended(f"{mark!r} was to come behind {self.waiting[-80:]!r}")
    return self.exactly(found + len(mark) - self.taken)

  def rest(self):
    while self.more():
      pass
    return self.exactly(len(self.received) - self.taken)

  def at_end(self):
    """Waits for the next byte or the end; whether it is the end."""
    return not self.waiting and not self.more()

  def chunked(self):
    """(body, trailers) of a chunked body."""
    body = bytearray()
    while True:
      size = self.until(b"\r\n")[:-2]
      if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", size):
        raise AssertionError(f"no chunk size: {size!r}")
      if int(size, 16) == 0:
        break
      body += self.exactly(int(size, 16))
      if self.exactly(2) != b"\r\n":
        raise AssertionError("a chunk without its end")
    trailers = []
    while (line := self.until(b"\r\n")) != b"\r\n":
      name, _, value = line[:-2].decode("latin-1").partition(":")
      trailers.append((name, value.strip()))
    return bytes(body), trailers

  def body(self, head, until_close):
    coding, length = head.get("transfer-encoding"), head.get("content-length")
    if coding is not None and length is not None:
      raise AssertionError(f"two framings: {head.raw!r}")
    if coding is not None:
      if coding != "chunked":
        raise AssertionError(f"an unknown coding: {coding}")
      return self.chunked()
    if length is not None:
      if not re.fullmatch(r"[0-9]+", length):
        raise AssertionError(f"no length: {length}")
      return self.exactly(int(length)), []
    return (self.rest() if until_close else b""), []

  def request(self):
    """The next request; None when the peer closed before it."""
    if self.at_end():
      return None
    head = Head(self.until(b"\r\n\r\n"))
    if not re.fullmatch(r"[A-Z]+ \S+ HTTP/1\.[01]", head.line):
      raise AssertionError(f"no request line: {head.line!r}")
    return Message(head, *self.body(head, until_close=False))

  def response_head(self):
    head = Head(self.until(b"\r\n\r\n"))
    if not re.fullmatch(r"HTTP/1\.1 [1-5][0-9][0-9] [^\r\n]*", head.line):
      raise AssertionError(f"no status line: {head.line!r}")
    return head

  def response(self, method="GET"):
    """The next final response."""
    informational = []
    while True:
      head = self.response_head()
      status = int(head.line.split(" ")[1])
      if status == 101 or status >= 200:
        break
      informational.append(head)
    if method == "HEAD" or status in (101, 204, 304):
      return Message(head, b"", [], informational)
    return Message(head, *self.body(head, until_close=True), informational)


class Client:
  """A client's connection, whose every wait has the socket's deadline."""

  def __init__(self, connection):
    self.connection = connection
    self.stream = Stream(connection)

  def send(self, data):
    self.connection.sendall(data)

  def ask(self, request, method="GET"):
    self.send(request)
    return self.stream.response(method)

  def get(self, path="/", fields="", method="GET"):
    return self.ask(f"{method} {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n".encode("latin-1"), method)

  def post(self, body, path="/", fields="", method="POST"):
    head = f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return self.ask(head.encode("latin-1") + body)

  def response(self, method="GET"):
    return self.stream.response(method)

  def ended(self):
    """Whether the gateway closes now, and not by a reset."""
    return self.stream.at_end()

  def close(self):
    self.connection.close()
