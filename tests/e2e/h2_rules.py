"""What a row of the tables of rules is made of: steps of a client, and what the gateway must do then.

A step is bytes, which are sent, or a function of the client, which waits for something. An expectation is a
function of (test, client, upstream)."""

import dataclasses
import struct

from h2_wire import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, frame,
                     request_block)

NO_ERROR, PROTOCOL, INTERNAL, FLOW_CONTROL, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE, REFUSED, CANCEL = range(9)
COMPRESSION, CONNECT, CALM = 9, 10, 11

PADDED, WITH_PRIORITY = 8, 0x20


@dataclasses.dataclass(frozen=True)
class Rule:
  """One rule of RFC 9113 or RFC 7541. `why` says what a difference from the RFC's first choice is good for."""

  section: str
  what: str
  steps: tuple
  expected: object
  why: str = ""


# Frames -----------------------------------------------------------------------------------------------------------


def head(stream=1, *fields, flags=END_HEADERS | END_STREAM, more=b"", **pseudo):
  return frame(HEADERS, flags, stream, request_block(*fields, **pseudo) + more)


def upload(stream=1, *fields, **pseudo):
  """The head of a request whose body follows."""
  return head(stream, *fields, flags=END_HEADERS, method="POST", **pseudo)


def block(stream, payload, flags=END_HEADERS | END_STREAM):
  return frame(HEADERS, flags, stream, payload)


def setting(*pairs):
  return frame(SETTINGS, payload=b"".join(struct.pack(">HI", key, value) for key, value in pairs))


def number(value):
  return struct.pack(">I", value)


def reset_frame(stream, code=CANCEL):
  return frame(RST_STREAM, stream=stream, payload=number(code))


# Steps that wait --------------------------------------------------------------------------------------------------


def ended(stream):
  """Until the answer of the stream is over."""
  def wait(client):
    client.until(lambda kind, flags, at, _: at == stream and flags & END_STREAM and kind in (DATA, HEADERS))
  return wait


def synced(client):
  """Until the gateway has read everything so far, and the client has acknowledged its SETTINGS."""
  client.send(frame(PING, payload=b"in order"))
  client.until(lambda kind, flags, _, payload: kind == PING and flags & ACK and payload == b"in order")


def at_upstream(count=1):
  """Until the upstream has that many heads of this connection's requests."""
  def wait(client):
    client.wait_for_upstream(count)
  return wait


# Expectations -----------------------------------------------------------------------------------------------------


def connection_error(*codes, last=None):
  """GOAWAY with one of the codes, then the end of the connection; `last` is the stream that it names."""
  def check(test, client):
    test.assertIn(client.until_end(), codes)
    test.assertTrue(client.ended)
    if last is not None:
      test.assertEqual([payload[:4] for kind, _, _, payload in client.frames if kind == GOAWAY], [number(last)])
  return check


def closed():
  """The end of the connection, with a GOAWAY or without."""
  def check(test, client):
    client.until_end()
    test.assertTrue(client.ended)
  return check


def reset_first(code, stream=1):
  """RST_STREAM with the code, whatever comes of the connection."""
  def check(test, client):
    test.assertEqual(client.reset_of(stream), code, client.frames)
  return check


def lives(test, client):
  """The connection goes on: it answers a PING."""
  client.send(frame(PING, payload=b"lively??"))
  pong = client.until(lambda kind, flags, _, payload: kind == PING and flags & ACK and payload == b"lively??")
  test.assertIsNotNone(pong, f"the connection ended: {client.frames}")
  test.assertEqual([one for one in client.frames if one[0] == GOAWAY], [])


def stream_error(*codes, stream=1):
  """RST_STREAM with one of the codes, and the connection goes on."""
  def check(test, client):
    test.assertIn(client.reset_of(stream), codes, client.frames)
    lives(test, client)
  return check


def served(stream=1, body=b"fine"):
  """The stream has its whole answer, 200, and the connection goes on."""
  def check(test, client):
    last = client.until(lambda kind, flags, at, _: at == stream and (
        kind == RST_STREAM or (flags & END_STREAM and kind in (DATA, HEADERS))))
    test.assertIsNotNone(last, client.frames)
    test.assertNotEqual(last[0], RST_STREAM, client.frames)
    got = b"".join(payload for kind, _, at, payload in client.frames if at == stream and kind == DATA)
    test.assertEqual(got, body)
    lives(test, client)
  return check


def answered(status, stream=1):
  """The stream has a whole answer with that status."""
  def check(test, client):
    ended(stream)(client)
    test.assertEqual(client.status_of(stream), status, client.frames)
    lives(test, client)
  return check


def refused_message(stream=1):
  """A malformed request: answered 400 or reset with PROTOCOL_ERROR, no upstream hears of it, and the connection
  goes on."""
  def check(test, client):
    last = client.until(lambda kind, flags, at, _: at == stream and kind in (RST_STREAM, HEADERS))
    test.assertIsNotNone(last, client.frames)
    if last[0] == RST_STREAM:
      test.assertEqual(int.from_bytes(last[3], "big"), PROTOCOL)
    else:
      test.assertEqual(client.status_of(stream), "400")
    lives(test, client)
    test.assertEqual(len(client.upstream.heads), client.seen)
  return check


def never_again(kind_of_frame):
  """A frame of that kind does not come (the PING that follows is answered first)."""
  def check(test, client):
    lives(test, client)
    test.assertEqual([one for one in client.frames if one[0] == kind_of_frame and one[3] != b"lively??"], [])
  return check
