"""Routes for https alone: what plain HTTP gets, and whom the gateway believes that it was HTTPS."""

import json
import unittest

from support import GatewayTest, ok


def route(name, **fields):
  return {"name": name, "paths": [f"/{name}"], "protocols": ["https"], **fields}


class HttpsOnly(GatewayTest):

  def start(self, trusted=False, **entities):
    self.upstream_server = self.upstream(lambda head, _: ok())
    routes = [route("upgrade"), *(route(f"to{status}", https_redirect_status_code=status)
                                  for status in (301, 302, 307, 308))]
    settings = {"trusted_ips": ["127.0.0.1"]} if trusted else {}
    return self.gateway({"name": "s", "url": f"http://127.0.0.1:{self.upstream_server.port}", "routes": routes},
                        gateway=settings, **entities)

  def ask(self, gateway, path, fields=""):
    """Status, fields in lower case, body."""
    answer = gateway.get(path, fields)
    head, body = answer.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    return int(lines[0].split(" ")[1]), {name.lower(): value for name, value in
                                         (line.split(": ", 1) for line in lines[1:])}, body.decode()

  def test_426_says_what_to_upgrade_to(self):
    gateway = self.start()

    client = gateway.client()
    answer = client.get("/upgrade")

    self.assertEqual(answer.status, 426)
    self.assertEqual((answer.get("upgrade"), answer.get("connection")), ("TLS/1.2, HTTP/1.1", "Upgrade"))
    self.assertEqual(answer.get("content-type"), "application/json; charset=utf-8")
    self.assertEqual(json.loads(answer.body), {"message": "Please use HTTPS protocol",
                                               "request_id": answer.get("x-kong-request-id")})
    # The connection goes on.
    self.assertEqual(client.get("/upgrade").status, 426)
    self.assertEqual(self.upstream_server.heads, [])

  def test_the_body_follows_accept(self):
    gateway = self.start()

    status, fields, body = self.ask(gateway, "/upgrade", "Accept: text/plain\r\n")

    self.assertEqual(status, 426)
    self.assertEqual(body, f"Please use HTTPS protocol\nrequest_id: {fields['x-kong-request-id']}\n")

  def test_redirects_keep_the_target_and_drop_the_port(self):
    gateway = self.start()

    for code in (301, 302, 307, 308):
      answer = gateway.raw(f"GET /to{code}/%41//b?x=1& HTTP/1.1\r\nHost: Shop.Example:8000\r\n"
                           "Connection: close\r\n\r\n".encode())
      self.assertIn(f"HTTP/1.1 {code} ".encode(), answer)
      self.assertIn(f"\r\nLocation: https://shop.example/to{code}/%41//b?x=1&\r\n".encode(), answer)
      self.assertIn(b"\r\nContent-Length: 0\r\n", answer)

  def test_only_a_trusted_peer_is_believed(self):
    told = "X-Forwarded-Proto: https\r\n"
    gateway = self.start()
    self.assertEqual(self.ask(gateway, "/upgrade", told)[0], 426)
    status, fields, _ = self.ask(gateway, "/to301", "X-Forwarded-Host: evil.example\r\n")
    self.assertEqual((status, fields["location"]), (301, "https://h/to301"))

    gateway = self.start(trusted=True)
    self.assertEqual(self.ask(gateway, "/upgrade", told)[0], 200)
    self.assertEqual(self.ask(gateway, "/upgrade", "X-Forwarded-Proto: http\r\n")[0], 426)
    self.assertEqual(self.ask(gateway, "/upgrade")[0], 426)
    # A second line may be the client's own.
    self.assertEqual(self.ask(gateway, "/upgrade", told + "X-Forwarded-Proto: http\r\n")[0], 426)
    self.assertEqual(self.ask(gateway, "/upgrade", "X-Forwarded-Proto: http\r\n" + told)[0], 426)
    status, fields, _ = self.ask(gateway, "/to308?a", "X-Forwarded-Host: www.shop.example:444\r\n")
    self.assertEqual((status, fields["location"]), (308, "https://www.shop.example:444/to308?a"))

  def test_a_request_without_host_gets_426(self):
    gateway = self.start()

    self.assertIn(b" 426 ", gateway.raw(b"GET /to301 HTTP/1.0\r\n\r\n"))

  def test_plugins_of_the_route_do_not_run_and_global_ones_dress(self):
    gateway = self.start(plugins=[
        {"name": "key-auth"},
        {"name": "request-termination", "route": "to301"},
        {"name": "correlation-id", "config": {"header_name": "X-Id", "echo_downstream": True}},
    ])

    status, fields, _ = self.ask(gateway, "/to301")

    self.assertEqual(status, 301)
    self.assertNotIn("www-authenticate", fields)
    line = gateway.log_lines(1)[0]
    self.assertEqual((line["route"]["name"], line["response"]["status"], line["source"]), ("to301", 301, "exit"))

  def test_sources_need_the_expressions_flavor(self):
    gateway = self.start()
    upstream = f"http://127.0.0.1:{self.upstream_server.port}"
    entities = {"services": [{"name": "s", "url": upstream, "routes": [
        {"name": "own", "paths": ["/own"], "sources": [{"ip": "127.0.0.0/8"}]},
        {"name": "other", "paths": ["/other"], "sources": [{"ip": "10.0.0.0/8"}, {"ip": "127.0.0.1", "port": 1}]},
        {"name": "to", "paths": ["/to"], "destinations": [{"port": gateway.port}]},
    ]}]}

    gateway.reload(entities, {"router_flavor": "expressions"})

    self.assertEqual([self.ask(gateway, path)[0] for path in ("/own", "/other", "/to")], [200, 404, 200])


if __name__ == "__main__":
  unittest.main()
