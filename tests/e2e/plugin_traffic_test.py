"""Plugins that let requests in or keep them out, in a node: ip-restriction, request-size-limiting,
request-termination, redirect, bot-detection, route-by-header."""

import json
import unittest

from support import GatewayTest, ok, service


def message(answer):
  return json.loads(answer.body)["message"]


class Traffic(GatewayTest):

  def start(self, name, config, gateway=None, **entities):
    self.up = self.upstream(lambda head, _: ok(), reads_bodies=True)
    return self.gateway(service(self.up.port), plugins=[{"name": name, "config": config}], gateway=gateway, **entities)

  def test_ip_restriction_believes_only_trusted_peers(self):
    config = {"allow": ["10.1.2.0/24"]}
    told = "X-Real-IP: 10.1.2.3\r\n"
    self.assertEqual(self.start("ip-restriction", config).client().get(fields=told).status, 403)

    client = self.start("ip-restriction", config, {"trusted_ips": ["127.0.0.1"]}).client()
    self.assertEqual(client.get(fields=told).status, 200)
    answer = client.get(fields="X-Real-IP: 10.1.3.3\r\n")
    self.assertEqual((answer.status, message(answer)), (403, "IP address not allowed: 10.1.3.3"))

  def test_request_size_limiting_asks_no_upstream(self):
    gateway = self.start("request-size-limiting", {"allowed_payload_size": 10, "size_unit": "bytes"})
    client = gateway.client()
    self.assertEqual(client.post(b"0123456789").status, 200)
    self.assertEqual(gateway.client().post(b"0123456789a").status, 413)

    chunked = gateway.client()
    chunked.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n")
    answer = chunked.response()
    self.assertEqual((answer.status, message(answer)), (413, "Request size limit exceeded"))
    self.assertEqual(len(self.up.requests), 1)

  def test_request_size_limiting_stops_a_flowing_body(self):
    gateway = self.start("request-size-limiting", {"allowed_payload_size": 2})
    client = gateway.client()
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + piece * 33)
    answer = client.response()
    self.assertEqual((answer.status, message(answer)), (413, "Request size limit exceeded"))
    self.assertEqual(self.up.requests, [])

    client = gateway.client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + piece * 32 + b"0\r\n\r\n")
    self.assertEqual(client.response().status, 200)
    self.assertEqual(len(self.up.requests[0].body), 2 << 20)

  def test_request_size_limiting_and_expect(self):
    client = self.start("request-size-limiting", {"allowed_payload_size": 1}).client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n")
    answer = client.response()
    self.assertEqual((answer.status, answer.informational), (417, []))
    self.assertTrue(client.ended())

  def test_request_termination(self):
    client = self.start("request-termination", {"status_code": 403, "message": "So long!"}).client()
    answer = client.get()
    self.assertEqual((answer.status, answer.body, answer.get("Content-Type")),
                     (403, b'{"message":"So long!"}', "application/json; charset=utf-8"))
    head = client.get(method="HEAD")
    self.assertEqual((head.status, head.get("Content-Length")), (403, "22"))
    self.assertEqual(client.post(b"x" * 100).status, 403)
    self.assertEqual(self.up.requests, [])

  def test_redirect(self):
    config = {"location": "https://b.example/x", "status_code": 302, "keep_incoming_path": True}
    gateway = self.start("redirect", config)
    answer = gateway.client().get("/a//b?c=%20")
    self.assertEqual((answer.status, answer.get("Location"), answer.body),
                     (302, "https://b.example/a/b?c=%20", b"redirecting"))

  def test_bot_detection(self):
    client = self.start("bot-detection", {"allow": ["^Googlebot-Image"], "deny": ["BadBot"]}).client()
    statuses = [client.get(fields=f"User-Agent: {agent}\r\n").status
                for agent in ("Mozilla/5.0", "Googlebot/2.1", "Googlebot-Image/1.0", "a BadBot")]
    self.assertEqual(statuses, [200, 403, 200, 403])
    self.assertEqual(client.get().status, 200)

  def test_route_by_header_goes_to_the_other_upstream(self):
    other = self.upstream(lambda head, _: ok(b"other"))
    gateway = self.start("route-by-header",
                         {"rules": [{"condition": {"X-Region": "east"}, "upstream_name": "east"}]},
                         upstreams=[{"name": "east", "targets": [{"target": f"127.0.0.1:{other.port}"}]}])
    client = gateway.client()
    bodies = [client.get(fields=fields).body for fields in ("", "X-Region: east\r\n", "X-Region: west\r\n")]
    self.assertEqual(bodies, [b"fine", b"other", b"fine"])

  def test_a_plugin_that_is_not_enabled_does_nothing(self):
    up = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(up.port), plugins=[{"name": "request-termination", "enabled": False}])
    self.assertEqual(gateway.client().get().status, 200)


if __name__ == "__main__":
  unittest.main()
