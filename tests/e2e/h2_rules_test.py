"""Each rule of RFC 9113 and RFC 7541 that a client can break, as a row of frames and of what must happen then. The
rows follow the order of the RFCs, as h2spec does; the tables are h2_frame_rules.py and h2_message_rules.py."""

import ssl
import threading
import unittest

import hpack

import h2_frame_rules
import h2_message_rules
from h2_wire import HEADERS, PREFACE, RawClient
from support import PATIENCE, GatewayTest, ok, read_all, service, wait_until
from wire import Head


class RuleClient(RawClient):
  """A raw client that knows the upstream, and reads heads where a rule asks for a status."""

  def __init__(self, connection, upstream, greets=True):
    self.upstream, self.seen = upstream, len(upstream.heads)
    if greets:
      super().__init__(connection)
    else:
      self.connection, self.data, self.frames, self.ended = connection, b"", [], False
      connection.sendall(PREFACE)

  def wait_for_upstream(self, count):
    wait_until(lambda: len(self.upstream.heads) >= self.seen + count, f"{count} requests at the upstream")

  def status_of(self, stream):
    decoder, found = hpack.Decoder(), None
    for kind, _, at, payload in self.frames:
      if kind == HEADERS:
        fields = dict(decoder.decode(payload))
        found = fields.get(":status", found) if at == stream else found
    return found


class Rules(GatewayTest):
  """One gateway for each table, and a connection for each row."""

  def setUp(self):
    self.release = threading.Event()
    self.addCleanup(self.release.set)
    self.origin = self.upstream(self.answer)
    self.gate = self.gateway(service(self.origin.port), gateway={"workers": 1}, listener={"h2c": True})

  def answer(self, head, connection):
    if "/held" in head:
      self.release.wait(PATIENCE)
      return None
    self.origin.stream_of(connection).body(Head(head.encode("latin-1") + b"\r\n\r\n"), until_close=False)
    return ok()

  def play(self, rules, greets=True):
    for rule in rules:
      with self.subTest(rule=f"{rule.section}: {rule.what}"):
        client = RuleClient(self.gate.connect(), self.origin, greets)
        for step in rule.steps:
          if callable(step):
            step(client)
          else:
            try:
              client.send(step)
            except OSError:  # The gateway has closed already; what it said is still to be read.
              break
        rule.expected(self, client)
        client.connection.close()
    self.assertEqual(self.gate.client().get().status, 200)

  def test_the_preface(self):
    self.play(h2_frame_rules.PREFACES, greets=False)
    for wrong in h2_frame_rules.WRONG_PREFACES:
      self.assertRegex(self.gate.raw(wrong + b"\r\n\r\n"), b"^HTTP/1.1 (400|505) ", wrong)

  def test_a_wrong_preface_behind_tls_ends_the_connection(self):
    secure = self.gateway(service(self.origin.port), gateway={"workers": 1}, listener={"tls": {}})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    for wrong in h2_frame_rules.WRONG_PREFACES:
      connection = context.wrap_socket(secure.connect(), suppress_ragged_eofs=True)
      self.assertEqual(connection.selected_alpn_protocol(), "h2")
      connection.sendall(wrong)
      # Its end; RFC 9113 §3.4 wants no GOAWAY for a peer that speaks something else.
      self.assertNotIn(b"HTTP/1.1", read_all(connection))
      connection.close()

  def test_frames(self):
    self.play(h2_frame_rules.FORMAT)

  def test_streams(self):
    self.play(h2_frame_rules.STREAMS)

  def test_types_of_frames(self):
    self.play(h2_frame_rules.TYPES)

  def test_messages(self):
    self.play(h2_message_rules.MESSAGES)

  def test_compression(self):
    self.play(h2_message_rules.COMPRESSED)


if __name__ == "__main__":
  unittest.main()
