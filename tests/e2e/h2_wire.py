"""HTTP/2 for tests: a client on python3-h2, and frames by hand for what no library would send."""

import contextlib
import struct

import h2.config
import h2.connection
import h2.events
import h2.settings

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, flags=0, stream=0, payload=b""):
  return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
  """A field for HPACK: literal, never indexed, no Huffman (RFC 7541 §6.2.3)."""

  def text(value):
    value = value.encode("latin-1") if isinstance(value, str) else value
    size = len(value)
    if size < 127:
      return bytes([size]) + value
    head, rest = bytes([127]), size - 127
    while rest >= 128:
      head += bytes([rest % 128 + 128])
      rest //= 128
    return head + bytes([rest]) + value

  return b"\x10" + text(name) + text(value)


def request_block(*fields, path="/", method="GET", authority="h", scheme="http"):
  block = literal(":method", method) + literal(":scheme", scheme) + literal(":path", path)
  if authority is not None:
    block += literal(":authority", authority)
  return block + b"".join(literal(name, value) for name, value in fields)


class RawClient:
  """Sends frames, right or wrong, and collects those that come: [(kind, flags, stream, payload)]."""

  def __init__(self, connection, settings=b""):
    self.connection = connection
    self.data = b""
    self.frames = []
    self.ended = False
    connection.sendall(PREFACE + frame(SETTINGS, payload=settings))

  def send(self, *frames):
    self.connection.sendall(b"".join(frames))

  def request(self, stream=1, *fields, ends=True, **pseudo):
    self.send(frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, request_block(*fields, **pseudo)))

  def step(self):
    """Reads once; False at the end."""
    try:
      more = self.connection.recv(65536)
    except ConnectionError:
      more = b""
    if not more:
      self.ended = True
      return False
    self.data += more
    while len(self.data) >= 9:
      size = int.from_bytes(self.data[:3], "big")
      if len(self.data) < 9 + size:
        break
      head, payload = self.data[:9], self.data[9:9 + size]
      self.data = self.data[9 + size:]
      one = (head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7fffffff, payload)
      self.frames.append(one)
      if one[0] == SETTINGS and not one[1] & ACK:
        with contextlib.suppress(OSError):  # The peer may have closed already.
          self.connection.sendall(frame(SETTINGS, ACK))
    return True

  def until(self, condition):
    """The first frame for which `condition(kind, flags, stream, payload)` holds; None at the end."""
    at = 0
    while True:
      for one in self.frames[at:]:
        at += 1
        if condition(*one):
          return one
      if not self.step():
        return None

  def until_end(self):
    """(whether a GOAWAY came, its code); reads until the peer closes."""
    goaway = self.until(lambda kind, flags, stream, payload: kind == GOAWAY and payload[4:8] != b"\0\0\0\0")
    while not self.ended and self.step():
      pass
    return int.from_bytes(goaway[3][4:8], "big") if goaway else None

  def reset_of(self, stream):
    """The code of the RST_STREAM that ends the stream."""
    one = self.until(lambda kind, flags, at, payload: kind == RST_STREAM and at == stream)
    return int.from_bytes(one[3], "big") if one else None


class Response:

  def __init__(self):
    self.informational = []
    self.headers = []
    self.body = b""
    self.trailers = None
    self.ended = False
    self.reset = None

  @property
  def status(self):
    return int(dict(self.headers)[":status"])

  def get(self, name):
    found = [value for key, value in self.headers if key == name]
    assert len(found) < 2, f"{name} comes {len(found)} times"
    return found[0] if found else None


class Client:
  """Many requests at once on one connection; python3-h2 checks what comes."""

  def __init__(self, connection, **settings):
    self.connection = connection
    self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1"))
    if settings:
      self.h2.local_settings.update({getattr(h2.settings.SettingCodes, key): value for key, value in settings.items()})
    self.h2.initiate_connection()
    self.flush()
    self.responses = {}
    self.goaway = None
    self.ended = False
    self.reads = True  # Windows are given back.

  def flush(self):
    self.connection.sendall(self.h2.data_to_send())

  def begin(self, path="/", method="GET", fields=(), ends=True, authority="h", scheme="http", **pseudo):
    stream = self.h2.get_next_available_stream_id()
    head = [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority),
            *((":" + name, value) for name, value in pseudo.items()), *fields]
    self.h2.send_headers(stream, head, end_stream=ends)
    self.responses[stream] = Response()
    self.flush()
    return stream

  def send(self, stream, data, ends=False):
    """All of it, waiting for windows."""
    while data or ends:
      size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(data))
      if data and size == 0:
        self.step()
        continue
      piece, data = data[:size], data[size:]
      self.h2.send_data(stream, piece, end_stream=ends and not data)
      self.flush()
      if not data:
        return

  def trailers(self, stream, fields):
    self.h2.send_headers(stream, fields, end_stream=True)
    self.flush()

  def step(self):
    try:
      data = self.connection.recv(65536)
    except ConnectionError:
      data = b""
    if not data:
      self.ended = True
      return False
    for event in self.h2.receive_data(data):
      response = self.responses.get(getattr(event, "stream_id", None))
      if isinstance(event, h2.events.InformationalResponseReceived):
        response.informational.append(dict(event.headers))
      elif isinstance(event, h2.events.ResponseReceived):
        response.headers = event.headers
      elif isinstance(event, h2.events.DataReceived):
        response.body += event.data
        if self.reads:
          self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
      elif isinstance(event, h2.events.TrailersReceived):
        response.trailers = event.headers
      elif isinstance(event, h2.events.StreamEnded):
        response.ended = True
      elif isinstance(event, h2.events.StreamReset):
        response.reset = event.error_code
      elif isinstance(event, h2.events.ConnectionTerminated):
        self.goaway = event
    self.flush()
    return True

  def finish(self, stream):
    response = self.responses[stream]
    while not response.ended and response.reset is None:
      assert self.step(), "the connection ended before the response"
    return response

  def get(self, path="/", **more):
    return self.finish(self.begin(path, **more))
