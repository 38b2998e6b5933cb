"""request-transformer, response-transformer, redirect and cors in a node: whole heads and bodies, byte for byte."""

import email
import unittest

from support import GatewayTest, ok, service

OWN = {"host", "via", "connection", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
       "x-forwarded-path", "x-real-ip", "x-kong-request-id", "x-kong-upstream-latency", "x-kong-proxy-latency",
       "server", "date", "content-length"}


def fields(message):
  return [(name, value) for name, value in message.head.fields if name.lower() not in OWN]


class Transformers(GatewayTest):

  def start(self, name, config, answer=ok()):
    self.up = self.upstream(lambda head, _: answer, reads_bodies=True)
    self.node = self.gateway(service(self.up.port), plugins=[{"name": name, "config": config}])
    return self.node.client()

  def test_the_upstream_gets_another_request(self):
    client = self.start("request-transformer", {
        "remove": {"headers": ["X-Gone"], "querystring": ["gone"], "body": ["gone"]},
        "rename": {"headers": ["X-Old:X-New"], "querystring": ["old:new"], "body": ["old:new"]},
        "replace": {"headers": ["X-Here:there"], "querystring": ["here:there"], "body": ["here:there"]},
        "add": {"headers": ["X-More:$(query_params.old or 'none')"], "querystring": ["more:1"], "body": ["more:1"]},
        "append": {"headers": ["X-List:2"], "querystring": ["list:2"], "body": ["list:2"]},
        "http_method": "PUT"})
    names = "X-Gone: 1\r\nX-Old: o\r\nX-Here: h\r\nX-List: 1\r\nContent-Type: application/json\r\n"
    body = b'{"gone":1, "old":2.50, "here":[], "list":"1", "rest":{"a" : "\xc3\xa9"}}'
    self.assertEqual(client.post(body, "/p?gone=1&old=q&here=0&list=1&rest=%7e", names).status, 200)

    request = self.up.requests[0]
    self.assertEqual((request.method, request.target), ("PUT", "/p?new=q&here=there&list=1&rest=%7e&more=1&list=2"))
    self.assertEqual(sorted(fields(request)), sorted([
        ("X-New", "o"), ("X-Here", "there"), ("X-List", "1"), ("X-List", "2"), ("X-More", "q"),
        ("Content-Type", "application/json")]))
    changed = b'{"new":2.50,"here":"there","list":["1","2"],"rest":{"a" : "\xc3\xa9"},"more":"1"}'
    self.assertEqual((request.body, request.get("Content-Length")), (changed, str(len(changed))))

  def test_a_chunked_body_becomes_one_of_known_length(self):
    client = self.start("request-transformer", {"add": {"body": ["a:1"]}})
    answer = client.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n3\r\nb=2\r\n4\r\n&c=3\r\n0\r\n\r\n")
    self.assertEqual(answer.status, 200)
    self.assertEqual((self.up.requests[0].body, self.up.requests[0].get("Content-Length")), (b"b=2&c=3&a=1", "11"))

  def test_no_form_of_a_multipart_body_hides_a_field(self):
    client = self.start("request-transformer", {"remove": {"body": ["admin"]}})
    types = "Content-Type: multipart/form-data; boundary=B\r\n"
    admin = b'--B\r\nContent-Disposition: form-data; name="admin"\r\n\r\n1\r\n'
    rest = b'--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n2\r\n'
    last = b"--B--\r\n"
    bodies = [admin + rest + last, b"\r\n" + admin + rest + last, b"pre\r\n" + admin + rest + last + b"\r\n",
              admin.replace(b"--B", b"--B \t") + rest + b"--B-- \r\nepilogue", admin + rest[:-2],
              admin.replace(b"form-data;", b"form-data;\r\n\t") + rest + last,
              (admin + rest + last).replace(b"\r\n", b"\n")]
    for body in bodies:
      self.assertEqual(client.post(body, "/", types).status, 200, body)
    for request in self.up.requests:
      self.assertEqual((request.body, request.get("Content-Length")), (rest + last, str(len(rest + last))))
      form = email.message_from_bytes(b"Content-Type: multipart/form-data; boundary=B\r\n\r\n" + request.body)
      self.assertEqual([part.get_param("name", header="Content-Disposition") for part in form.get_payload()], ["b"])
    self.assertEqual(len(self.up.requests), len(bodies))
    for body in (admin.replace(b'"admin"', b'"b"; name="admin"') + last,
                 rest + admin.replace(b"--B\r\n", b"--Bx\r\n") + last):
      self.assertEqual(client.post(body, "/", types).status, 400, body)
      client = self.node.client()
    self.assertEqual(len(self.up.requests), len(bodies))

  def test_a_client_adds_no_field_through_a_value(self):
    client = self.start("request-transformer", {"add": {"headers": ["X-A:$(query_params.n)"]}})
    self.assertEqual(client.get("/?n=a%0d%0aX-Evil:%201%0d%0a%0d%0a%00").status, 200)
    self.assertEqual(fields(self.up.requests[0]), [("X-A", "a%0D%0AX-Evil: 1%0D%0A%0D%0A%00")])

  def test_the_configuration_begins_a_query_and_a_client_does_not(self):
    client = self.start("request-transformer", {"replace": {"uri": "/x/$(query_params.n)?y=$(query_params.n)"}})
    client.get("/?n=a?b%26c%23")
    self.assertEqual(self.up.requests[0].target, "/x/a%3Fb&c%23?y=a%3Fb%26c%23&n=a?b%26c%23")

  def test_the_client_gets_another_response(self):
    upstream = b'{"secret":"s","n":1.0,"old":true}'
    client = self.start("response-transformer", {
        "remove": {"headers": ["X-Powered-By"], "json": ["secret"]},
        "rename": {"json": ["old:new"]},
        "add": {"headers": ["X-Frame-Options:DENY"], "json": ["count:3"], "json_types": ["number"]}},
        ok(upstream, b"Content-Type: application/json\r\nX-Powered-By: php\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"))
    for _ in range(2):  # The connection stays good for the next one.
      answer = client.get()
      self.assertEqual(answer.body, b'{"n":1.0,"new":true,"count":3}')
      self.assertEqual([field for field in fields(answer) if field[0] != "Transfer-Encoding"], [
          ("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
          ("X-Frame-Options", "DENY")])
    self.assertEqual(client.get(method="HEAD").body, b"")
    self.assertEqual(client.get().status, 200)

  def test_preflights_do_not_reach_the_upstream(self):
    client = self.start("cors", {"origins": ["https://a.example", "https://b.example"], "credentials": True,
                                 "max_age": 60})
    answer = client.get("/", "Origin: https://b.example\r\nAccess-Control-Request-Method: PUT\r\n"
                             "Access-Control-Request-Headers: x-a\r\n", "OPTIONS")
    self.assertEqual((answer.status, answer.body, answer.get("Content-Length")), (200, b"", "0"))
    self.assertEqual([field for field in fields(answer) if not field[0].startswith("X-Kong")], [
        ("Vary", "Origin"), ("Access-Control-Allow-Origin", "https://b.example"),
        ("Access-Control-Allow-Credentials", "true"), ("Access-Control-Allow-Headers", "x-a"),
        ("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"),
        ("Access-Control-Max-Age", "60")])
    self.assertEqual(self.up.requests, [])

  def test_an_expression_without_a_colon_is_one_of_the_host(self):
    client = self.start("cors", {"origins": [r"^(www\.)?a\.example$", "b.example"]})
    for origin, allowed in (("http://www.a.example:8080",) * 2, ("https://a.example.evil", None),
                            ("https://b.example", None)):
      answer = client.get(fields=f"Origin: {origin}\r\n")
      self.assertEqual((answer.get("Access-Control-Allow-Origin"), answer.get("Vary")), (allowed, "Origin"))

  def test_a_redirect_keeps_the_path_that_was_routed(self):
    client = self.start("redirect", {"location": "https://new.example", "keep_incoming_path": True})
    answer = client.get("/red/x/../y%2f//%41?q=/../z")
    self.assertEqual((answer.status, answer.get("Location")), (301, "https://new.example/red/y%2F/A?q=/../z"))

  def test_one_origins_answer_is_not_for_another(self):
    client = self.start("cors", {"origins": ["https://a.example", "https://b.example"]})
    for origin, allowed in (("https://a.example", "https://a.example"), ("https://c.example", None),
                            ("https://b.example", "https://b.example")):
      answer = client.get(fields=f"Origin: {origin}\r\n")
      self.assertEqual((answer.get("Access-Control-Allow-Origin"), answer.get("Vary")), (allowed, "Origin"))


if __name__ == "__main__":
  unittest.main()
