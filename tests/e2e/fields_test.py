"""Fields: what an upstream and a client get to see beside each other's own, and what nobody can make up."""

import os
import socket
import unittest

from support import PATIENCE, GatewayTest, ok, service
from wire import Client

OURS = {"x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
        "x-forwarded-path", "x-forwarded-prefix", "via", "x-kong-request-id"}


class FieldsTest(GatewayTest):

  def setUp(self):
    self.origin = self.upstream(lambda head, _: ok())

  def sent(self, fields="", path="/", entity=None, gateway=None, request=None):
    """The request as the upstream got it."""
    client = self.gateway(service(self.origin.port, **(entity or {})), gateway=gateway).client()
    answer = client.ask(request) if request else client.get(path, fields)
    self.assertEqual(answer.status, 200)
    return self.origin.requests[-1]


class ToTheUpstream(FieldsTest):

  def test_a_plain_request_gets_these_fields_and_no_others(self):
    request = self.sent("Accept: */*\r\nX-Own: 1\r\n")

    self.assertEqual(set(request.head.names), {"host", "accept", "x-own"} | OURS - {"x-forwarded-prefix"})
    self.assertEqual(len(request.head.names), len(set(request.head.names)))

  def test_names_and_values_of_the_client_pass_byte_by_byte(self):
    request = self.sent("x-LOWER-Upper: a  b\t\"c\"\r\nCookie: a=1; b=2\r\nX-Twice: 1\r\nX-Twice: 2\r\n"
                        "X-High: \xfc\xff\r\nX-Empty:\r\n")

    for field in (("x-LOWER-Upper", "a  b\t\"c\""), ("Cookie", "a=1; b=2"), ("X-High", "\xfc\xff"), ("X-Empty", "")):
      self.assertIn(field, request.head.fields)
    self.assertEqual(request.head.all("X-Twice"), ["1", "2"])

  def test_what_an_untrusted_client_says_about_its_way_is_replaced(self):
    request = self.sent("X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
                        "X-Forwarded-Path: /evil\r\nX-Forwarded-Prefix: /evil\r\nX-Real-IP: 6.6.6.6\r\n"
                        "X-Kong-Request-Id: evil\r\nX-Forwarded-For: 6.6.6.6\r\n", "/a?b")

    self.assertNotIn(b"evil", request.head.raw)
    self.assertEqual((request.get("X-Forwarded-Proto"), request.get("X-Forwarded-Host")), ("http", "h"))
    self.assertEqual((request.get("X-Forwarded-Path"), request.get("X-Real-IP")), ("/a", "127.0.0.1"))
    self.assertEqual(request.get("X-Forwarded-For"), "6.6.6.6, 127.0.0.1")
    self.assertRegex(request.get("X-Kong-Request-Id"), "^[0-9a-f]{32}$")

  def test_aliases_of_identity_fields_are_not_passed_on(self):
    request = self.sent("X_Real_IP: 6\r\nX_Forwarded_For: 6\r\nX.Consumer.ID: 6\r\nX_Consumer_Username: 6\r\n"
                        "X_KONG_Request_Id: 6\r\nX_Mine: 1\r\n")

    self.assertFalse([value for name, value in request.head.fields if value == "6"])
    self.assertEqual(request.get("X_Mine"), "1")

  def test_a_trusted_peer_keeps_what_it_says(self):
    fields = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example", "X-Forwarded-Port": "443",
              "X-Forwarded-Path": "/full/a", "X-Forwarded-Prefix": "/full"}

    request = self.sent("".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "X-Real-IP: 5.5.5.5\r\n"
                        "X-Kong-Request-Id: evil\r\n", gateway={"trusted_ips": ["127.0.0.0/8"]})

    for name, value in fields.items():
      self.assertEqual(request.get(name), value)
    self.assertEqual(request.get("X-Real-IP"), "5.5.5.5")
    self.assertEqual(request.get("X-Forwarded-For"), "5.5.5.5")  # who the client is, as in Kong
    self.assertNotEqual(request.get("X-Kong-Request-Id"), "evil")

  def test_real_ip_takes_the_last_address_or_the_last_that_is_not_trusted(self):
    for recursive, value, expected in ((False, "1.1.1.1, 2.2.2.2, 10.0.0.9", "10.0.0.9"),
                                       (True, "1.1.1.1, 2.2.2.2, 10.0.0.9", "2.2.2.2"),
                                       (True, "10.0.0.8, 10.0.0.9", "10.0.0.8"),
                                       (True, "6.6.6.6, nonsense, 10.0.0.9", "10.0.0.9"),
                                       (True, "2001:db8::1, 10.0.0.9", "2001:db8::1"),
                                       (False, "nonsense", "127.0.0.1"), (False, "", "127.0.0.1")):
      request = self.sent(f"X-Forwarded-For: {value}\r\n", gateway={
          "trusted_ips": ["127.0.0.1", "10.0.0.0/8"], "real_ip_header": "X-Forwarded-For",
          "real_ip_recursive": recursive})
      self.assertEqual(request.get("X-Real-IP"), expected, (recursive, value))

  def test_forwarded_may_be_the_field_of_the_real_ip(self):
    for recursive, lines, expected in (
        (False, ["for=1.1.1.1, for=10.0.0.9"], "10.0.0.9"),
        (True, ['for=1.1.1.1, for="2.2.2.2:80";proto=https, for=10.0.0.9'], "2.2.2.2"),
        (True, ['for="[2001:db8::1]:4711", for=10.0.0.9'], "2001:db8::1"),
        (True, ["for=6.6.6.6, for=unknown, for=10.0.0.9"], "10.0.0.9"),
        (True, ["for=6.6.6.6, for=_hidden"], "127.0.0.1"),
        (True, ["for=6.6.6.6, proto=http, for=10.0.0.9"], "10.0.0.9"),
        (True, ['for="6.6.6.6, for=2.2.2.2'], "127.0.0.1"),
        (True, ['for="6.6.6.6', "for=2.2.2.2, for=10.0.0.9"], "2.2.2.2"),
        (True, ['for="6.6.6.6', "for=10.0.0.8, for=10.0.0.9"], "10.0.0.8"),
        (True, ["nonsense"], "127.0.0.1"), (True, [""], "127.0.0.1")):
      request = self.sent("".join(f"Forwarded: {line}\r\n" for line in lines) + "X-Real-IP: 6.6.6.6\r\n", gateway={
          "trusted_ips": ["127.0.0.1", "10.0.0.0/8"], "real_ip_header": "forwarded", "real_ip_recursive": recursive})
      self.assertEqual(request.get("X-Real-IP"), expected, (recursive, lines))
    request = self.sent("Forwarded: for=6.6.6.6\r\n", gateway={"real_ip_header": "Forwarded"})
    self.assertEqual((request.get("X-Real-IP"), request.get("Forwarded")), ("127.0.0.1", None))

  def test_peers_outside_the_trusted_ranges_are_not_believed(self):
    request = self.sent("X-Real-IP: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n",
                        gateway={"trusted_ips": ["10.0.0.0/8", "::1", "unix:"]})

    self.assertEqual((request.get("X-Real-IP"), request.get("X-Forwarded-Proto")), ("127.0.0.1", "http"))

  def test_a_client_on_a_unix_socket_is_served_and_may_be_trusted(self):
    for trusted, expected in ((["unix:"], "5.5.5.5"), ([], None)):
      gateway = self.gateway(service(self.origin.port), gateway={"trusted_ips": trusted})
      path = os.path.join(gateway.folder.name, "socket")
      gateway.reload({"services": [service(self.origin.port)]}, {"listeners": [{"address": f"unix:{path}"}]})
      with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        self.assertEqual(Client(connection).get(fields="X-Real-IP: 5.5.5.5\r\n").status, 200)
      if expected:
        self.assertEqual(self.origin.requests[-1].get("X-Real-IP"), expected)
      else:
        self.assertNotIn(b"5.5.5.5", self.origin.requests[-1].head.raw)

  def test_hop_by_hop_fields_and_what_connection_names_stay_here(self):
    request = self.sent("Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: a\r\n"
                        "Proxy: http://evil\r\nTE: gzip\r\nX-Stays: 1\r\nProxy-Authorization: Basic x\r\n")

    self.assertEqual(set(request.head.names) - OURS - {"proxy-authorization"}, {"host", "x-stays"})

  def test_connection_cannot_name_the_gateways_own_or_end_to_end_fields_away(self):
    request = self.sent("Connection: close, X-Forwarded-For, X-Real-IP, Via, X-Kong-Request-Id, Host, Authorization, "
                        "X-Forwarded-Host, Content-Length\r\nAuthorization: Basic x\r\n")

    self.assertEqual(request.get("X-Real-IP"), "127.0.0.1")
    for name in ("Host", "X-Forwarded-For", "Via", "X-Kong-Request-Id", "X-Forwarded-Host", "Authorization"):
      self.assertIsNotNone(request.get(name), name)

  def test_via_grows(self):
    request = self.sent("Via: 1.0 fred\r\nVia: 1.1 barney\r\n")

    self.assertEqual(", ".join(request.head.all("Via")), "1.0 fred, 1.1 barney, 1.1 sluice/0.1.0")

  def test_host_is_the_targets_the_upstreams_or_the_clients(self):
    port = self.origin.port
    self.assertEqual(self.sent().get("Host"), f"127.0.0.1:{port}")
    self.assertEqual(self.sent(entity={"route": {"preserve_host": True}},
                               request=b"GET / HTTP/1.1\r\nHost: Shop.Example:81\r\n\r\n").get("Host"),
                     "Shop.Example:81")
    gateway = self.gateway({"name": "s", "host": "named", "routes": [{"name": "r", "paths": ["/"]}]}, upstreams=[
        {"name": "named", "host_header": "inside.example", "targets": [{"target": f"127.0.0.1:{port}"}]}])
    gateway.client().get()
    self.assertEqual(self.origin.requests[-1].get("Host"), "inside.example")

  def test_the_stripped_prefix_is_told(self):
    request = self.sent(path="/api/v1/users?x=1", entity={"route": {"paths": ["/api/v1"]}})

    self.assertEqual(request.target, "/users?x=1")
    self.assertEqual((request.get("X-Forwarded-Prefix"), request.get("X-Forwarded-Path")),
                     ("/api/v1", "/api/v1/users"))

  def test_forwarded_host_has_neither_port_nor_capitals(self):
    request = self.sent(request=b"GET / HTTP/1.1\r\nHost: Shop.Example:8000\r\n\r\n")

    self.assertEqual(request.get("X-Forwarded-Host"), "shop.example")


class Paths(FieldsTest):

  def test_paths_are_normal_before_they_are_matched_and_sent(self):
    for given, expected in (("/a/../b", "/b"), ("//a///b", "/a/b"), ("/./a/.", "/a/"), ("/%61", "/a"),
                            ("/a%2fb", "/a%2Fb"), ("/a%20b", "/a%20b"), ("/..%2fa", "/..%2Fa"),
                            ("/%c3%bc", "/%C3%BC"),
                            ("/a?b=/../c&d=%2f", "/a?b=/../c&d=%2f"), ("/?", "/?"), ("/a;b=1", "/a;b=1")):
      self.assertEqual(self.sent(path=given).target, expected, given)

  def test_a_path_outside_the_route_cannot_be_reached_by_its_spelling(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/public/"]}))

    for path in ("/public/../admin", "/public/%2e%2e/admin", "/public/./../admin", "/public//../../admin",
                 "/public/.%2e/admin"):
      self.assertEqual(gateway.client().get(path).status, 404, path)
    self.assertEqual(self.origin.heads, [])

  def test_a_fragment_and_forbidden_bytes_are_400(self):
    gateway = self.gateway(service(self.origin.port))

    for path in ("/a#b", "/a\x7f", "/\xfc", "/a b", "/%zz", "/a%0", "a", "http://"):
      self.assertEqual(gateway.client().get(path).status, 400, path)
    self.assertEqual(self.origin.heads, [])

  def test_the_services_path_comes_first(self):
    for url_path, strip, path, expected in (("/base", True, "/x/y", "/base/y"), ("/base/", True, "/x/y", "/base/y"),
                                            ("/base", False, "/x/y", "/base/x/y"), ("/base", True, "/x", "/base"),
                                            ("/base", True, "/x/", "/base/"), ("", True, "/x", "/")):
      entity = service(self.origin.port, route={"paths": ["/x"], "strip_path": strip})
      entity["url"] += url_path
      self.gateway(entity).client().get(path)
      self.assertEqual(self.origin.requests[-1].target, expected, (url_path, strip, path))


class ToTheClient(GatewayTest):

  def answer(self, upstream_answer, gateway=None, fields=""):
    upstream = self.upstream(lambda head, _: upstream_answer)
    return self.gateway(service(upstream.port), gateway=gateway).client().get(fields=fields)

  def test_a_proxied_answer_gets_these_fields(self):
    answer = self.answer(ok(b"x", b"X-Own: 1\r\n"))

    self.assertEqual(set(answer.head.names), {"content-length", "x-own", "server", "via", "date", "x-kong-request-id",
                                              "x-kong-upstream-latency", "x-kong-proxy-latency"})
    self.assertEqual((answer.get("Via"), answer.get("Server")), ("1.1 sluice/0.1.0", "sluice/0.1.0"))
    self.assertRegex(answer.get("Date"), r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")

  def test_the_upstreams_server_date_and_via_stay(self):
    answer = self.answer(ok(b"", b"Server: own\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nVia: 1.1 inner\r\n"))

    self.assertEqual((answer.get("Server"), answer.get("Date")), ("own", "Thu, 01 Jan 1970 00:00:00 GMT"))
    self.assertEqual(answer.head.all("Via"), ["1.1 inner, 1.1 sluice/0.1.0"])

  def test_hop_by_hop_fields_of_the_upstream_stay_here(self):
    answer = self.answer(ok(b"", b"Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Stays: 1\r\n"
                                 b"Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\n"))

    self.assertEqual(set(answer.head.names) & {"connection", "x-hop", "keep-alive", "proxy-connection", "upgrade",
                                               "x-stays"}, {"x-stays"})

  def test_cookies_stay_apart(self):
    answer = self.answer(ok(b"", b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"))

    self.assertEqual(answer.head.all("Set-Cookie"), ["a=1", "b=2"])

  def test_the_request_id_is_the_same_everywhere(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))
    client = gateway.client()

    ids = [client.get().get("X-Kong-Request-Id") for _ in range(3)]

    self.assertEqual(len(set(ids)), 3)
    self.assertEqual([request.get("X-Kong-Request-Id") for request in upstream.requests], ids)
    self.assertEqual([line["request"]["id"] for line in gateway.log_lines(3)], ids)

  def test_the_setting_headers_chooses_the_fields(self):
    added = {"server", "via", "x-kong-request-id", "x-kong-upstream-latency", "x-kong-proxy-latency",
             "x-kong-upstream-status"}
    for setting, expected in (([], set()), (["Via"], {"via"}), (["server_tokens"], {"via", "server"}),
                              (["latency_tokens"], {"x-kong-upstream-latency", "x-kong-proxy-latency"}),
                              (["X-Kong-Upstream-Status", "X-Kong-Request-Id"],
                               {"x-kong-upstream-status", "x-kong-request-id"})):
      answer = self.answer(ok(), gateway={"headers": setting})
      self.assertEqual(set(answer.head.names) & added, expected, setting)
    self.assertEqual(self.answer(b"HTTP/1.1 418 T\r\nContent-Length: 0\r\n\r\n", gateway={
        "headers": ["X-Kong-Upstream-Status"]}).get("X-Kong-Upstream-Status"), "418")

  def test_the_gateways_own_answers_say_so(self):
    answer = self.gateway(service(1, route={"paths": ["/only"]})).client().get("/other")

    self.assertEqual(set(answer.head.names), {"content-type", "content-length", "server", "date", "x-kong-request-id",
                                              "x-kong-response-latency"})


if __name__ == "__main__":
  unittest.main()
