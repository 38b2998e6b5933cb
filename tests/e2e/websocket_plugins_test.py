"""Plugins and the WebSocket handshake: whom they keep out reaches no upstream, over HTTP/1.1 and HTTP/2, and whom they
let in has a tunnel that is no body."""

import base64
import hashlib
import json
import os
import unittest

import h2_wire
from support import GatewayTest, service
from wire import Head

KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
CONSUMERS = [{"username": "ann", "keyauth_credentials": [{"key": "secret-of-ann"}]}]
WITH_KEY = [("apikey", "secret-of-ann")]
LIMIT = 1000
LONG = os.urandom(200 * LIMIT)


def accept_of(key):
  """RFC 6455 §4.2.2."""
  return base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


def echo(text, connection):
  """Accepts the handshake, then sends back what comes."""
  head = Head(text.encode("latin-1") + b"\r\n\r\n")
  connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: " + accept_of(head.get("sec-websocket-key")) + b"\r\n\r\n")
  while data := connection.recv(65536):
    connection.sendall(data)


class Handshakes(GatewayTest):

  def start(self, name, config=None, consumers=None):
    self.up = self.upstream(echo)
    self.gate = self.gateway(service(self.up.port), gateway={"workers": 1}, listener={"h2c": True},
                             plugins=[{"name": name, "config": config or {}}], consumers=consumers or [])

  def by_upgrade(self, fields=(), path="/chat"):
    """(the answer's status, body and the client) of a handshake in HTTP/1.1."""
    client = self.gate.client()
    answer = client.get(path, f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        f"Sec-WebSocket-Key: {KEY}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields))
    return answer.status, answer.body, client

  def by_connect(self, fields=(), path="/chat"):
    """The same in HTTP/2 (RFC 8441), where 200 is what 101 is elsewhere; the client with its stream."""
    client = h2_wire.Client(self.gate.connect())
    stream = client.begin(path, method="CONNECT", ends=False, protocol="websocket",
                          fields=[("sec-websocket-version", "13"), *fields])
    response = client.responses[stream]
    while not response.headers or (response.status != 200 and not response.ended and response.reset is None):
      self.assertTrue(client.step())
    return response.status, response.body, (client, stream)

  def refused(self, status, message, fields=(), path="/chat"):
    for ask in (self.by_upgrade, self.by_connect):
      with self.subTest(ask.__name__):
        got, body, _ = ask(fields, path)
        self.assertEqual(got, status)
        self.assertIn(message, body.decode())
    self.assertEqual(self.up.streams, [], "the upstream was contacted")
    self.assertEqual([line["response"]["status"] for line in self.gate.log_lines(2)], [status] * 2)

  def accepted(self, fields=(), path="/chat", data=b"hello"):
    """Both handshakes, and what comes back through their tunnels."""
    status, _, client = self.by_upgrade(fields, path)
    self.assertEqual(status, 101)
    client.send(data)
    self.assertTrue(client.stream.exactly(len(data)) == data)
    status, _, (client, stream) = self.by_connect(fields, path)
    self.assertEqual(status, 200)
    client.send(stream, data)
    while len(client.responses[stream].body) < len(data):
      self.assertTrue(client.step())
    self.assertTrue(client.responses[stream].body == data)
    return [Head(head.encode("latin-1") + b"\r\n\r\n") for head in self.up.heads]

  def test_key_auth_keeps_out_who_has_no_key(self):
    self.start("key-auth", consumers=CONSUMERS)
    self.refused(401, "No API key found in request")

  def test_key_auth_keeps_out_who_has_a_wrong_key(self):
    self.start("key-auth", consumers=CONSUMERS)
    self.refused(401, "Unauthorized", [("apikey", "secret-of-eve")])

  def test_key_auth_lets_in_a_key_in_a_field_and_in_the_query(self):
    """Browsers can give a WebSocket no fields."""
    self.start("key-auth", consumers=CONSUMERS)
    heads = self.accepted(WITH_KEY) + self.accepted(path="/chat?apikey=secret-of-ann")
    self.assertEqual({head.get("x-consumer-username") for head in heads}, {"ann"})

  def test_a_key_that_is_hidden_does_not_reach_the_upstream(self):
    self.start("key-auth", {"hide_credentials": True}, CONSUMERS)
    for head in self.accepted(WITH_KEY) + self.accepted(path="/chat?apikey=secret-of-ann"):
      self.assertNotIn(b"secret-of-ann", head.raw)

  def test_ip_restriction_keeps_out_and_lets_in(self):
    self.start("ip-restriction", {"deny": ["127.0.0.0/8"]})
    self.refused(403, "IP address not allowed: 127.0.0.1")
    self.start("ip-restriction", {"allow": ["127.0.0.0/8"]})
    self.accepted()

  def test_bot_detection_keeps_out_and_lets_in(self):
    self.start("bot-detection", {"deny": ["BadBot"]})
    self.refused(403, "", [("user-agent", "a BadBot")])
    self.start("bot-detection", {"deny": ["BadBot"]})
    self.accepted([("user-agent", "Mozilla/5.0")])

  def test_request_termination_ends_handshakes(self):
    self.start("request-termination", {"status_code": 403, "message": "So long!"})
    self.refused(403, "So long!")

  def test_request_size_limiting_does_not_count_what_goes_through_a_tunnel(self):
    self.start("request-size-limiting", {"allowed_payload_size": LIMIT, "size_unit": "bytes"})
    self.accepted(data=LONG)

  def test_request_size_limiting_keeps_out_a_handshake_without_the_length_that_it_requires(self):
    self.start("request-size-limiting", {"allowed_payload_size": LIMIT, "require_content_length": True})
    self.refused(411, "")

  def test_after_a_refused_upgrade_the_connection_goes_on_with_requests(self):
    self.start("key-auth", consumers=CONSUMERS)
    status, _, client = self.by_upgrade()
    self.assertEqual(status, 401)
    self.assertEqual(client.get().status, 401)
    self.assertEqual(self.up.streams, [])

  def test_who_was_let_in_stands_in_the_log(self):
    self.start("key-auth", consumers=CONSUMERS)
    _, _, client = self.by_upgrade(WITH_KEY)
    client.close()
    _, _, (client, stream) = self.by_connect(WITH_KEY)
    client.connection.close()
    lines = self.gate.log_lines(2)
    self.assertEqual([line["consumer"]["username"] for line in lines], ["ann"] * 2)
    self.assertNotIn("secret-of", json.dumps(lines))


if __name__ == "__main__":
  unittest.main()
