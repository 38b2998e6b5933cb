"""key-auth in a node: two workers, reloads, one connection for several callers, and what is logged."""

import json
import unittest

from support import GatewayTest, ok, service

CONSUMERS = [{"username": "ann", "keyauth_credentials": [{"key": "secret-of-ann"}]},
             {"username": "bob", "keyauth_credentials": [{"key": "secret-of-bob"}]},
             {"username": "guest"}]


def message(answer):
  return json.loads(answer.body)["message"]


class KeyAuth(GatewayTest):

  def start(self, config=None, consumers=None, **more):
    self.up = self.upstream(lambda head, _: ok(), reads_bodies=True)
    self.entities = {"services": [service(self.up.port)], "consumers": consumers or CONSUMERS,
                     "plugins": [{"name": "key-auth", "config": config or {}}, *more.get("plugins", [])]}
    return self.gateway(*self.entities["services"], consumers=self.entities["consumers"],
                        plugins=self.entities["plugins"])

  def test_one_connection_has_a_caller_for_each_request(self):
    client = self.start().client()
    callers = ["ann", "bob", None, "ann", "wrong", "bob"]
    for caller in callers:
      fields = f"apikey: secret-of-{caller}\r\n" if caller else ""
      answer = client.get(fields=fields)
      self.assertEqual(answer.status, 200 if caller in ("ann", "bob") else 401)
      if answer.status == 401:
        self.assertEqual(answer.get("WWW-Authenticate"), "Key")
        self.assertEqual(answer.get("Content-Type"), "application/json; charset=utf-8")

    self.assertEqual([request.get("X-Consumer-Username") for request in self.up.requests], ["ann", "bob", "ann", "bob"])

  def test_every_worker_knows_every_key(self):
    gateway = self.start()
    for _ in range(16):
      self.assertEqual(gateway.client().get("/?apikey=secret-of-bob").status, 200)
      self.assertEqual(gateway.client().get("/?apikey=secret-of-eve").status, 401)

  def test_a_reload_takes_a_key_away_and_gives_one(self):
    gateway = self.start()
    client = gateway.client()
    self.assertEqual(client.get(fields="apikey: secret-of-ann\r\n").status, 200)
    self.entities["consumers"] = [{"username": "eve", "keyauth_credentials": [{"key": "secret-of-eve"}]}]
    gateway.reload(self.entities)

    self.assertEqual(client.get(fields="apikey: secret-of-ann\r\n").status, 401)
    self.assertEqual(client.get(fields="apikey: secret-of-eve\r\n").status, 200)

  def test_the_client_cannot_say_who_it_is(self):
    lies = "".join(f"{name}: lie\r\n" for name in ("X-Consumer-ID", "x-consumer-username", "X-Consumer-Custom-ID",
                                                   "X-Credential-Identifier", "X-Anonymous-Consumer",
                                                   "X-Consumer-Groups", "X-Authenticated-Scope"))
    client = self.start({"anonymous": "guest"}).client()
    client.get(fields=lies)
    client.get(fields=lies + "apikey: secret-of-ann\r\n")

    for request in self.up.requests:
      self.assertNotIn("lie", [value for _, value in request.head.fields])
    self.assertEqual([request.get("X-Anonymous-Consumer") for request in self.up.requests], ["true", None])

  def test_a_broken_body_holds_no_key(self):
    multipart = "Content-Type: multipart/form-data; boundary=B\r\n"
    key = b'pre\r\n--B \r\nContent-Disposition: form-data; name="apikey"\r\n\r\nsecret-of-ann'
    client = self.start({"key_in_body": True}).client()
    self.assertEqual(client.post(key, "/", multipart).status, 200)
    answer = client.post(b"no part", "/", multipart)
    self.assertEqual((answer.status, message(answer)), (401, "No API key found in request"))
    client = self.start({"key_in_body": True, "anonymous": "guest"}).client()
    self.assertEqual(client.post(b"{broken", "/", "Content-Type: application/json\r\n").status, 200)
    self.assertEqual((self.up.requests[0].body, self.up.requests[0].get("X-Consumer-Username")),
                     (b"{broken", "guest"))

  def test_a_field_with_hyphens_is_found_under_underscores_and_never_logged(self):
    gateway = self.start({"key_names": ["api_key"], "hide_credentials": True})
    self.assertEqual(gateway.client().get(fields="Api-Key: secret-of-ann\r\n").status, 200)
    self.assertIsNone(self.up.requests[0].get("Api-Key"))
    self.assertNotIn("secret-of", json.dumps(gateway.log_lines(1)))

  def test_no_key_is_logged(self):
    gateway = self.start()
    client = gateway.client()
    client.get("/a?x=1&apikey=secret-of-ann")
    client.get("/b", fields="apikey: secret-of-ann\r\n")
    client.get("/c?apikey=secret-of-nobody")

    lines = gateway.log_lines(3)
    for line in lines:
      self.assertNotIn("secret-of", json.dumps(line))
    self.assertEqual([line["consumer"]["username"] for line in lines[:2]], ["ann", "ann"])
    self.assertEqual(lines[0]["request"]["querystring"], "x=1&apikey=REDACTED")
    self.assertEqual(lines[1]["request"]["headers"]["apikey"], "REDACTED")
    self.assertEqual(lines[0]["authenticated_entity"]["consumer_id"], lines[0]["consumer"]["id"])
    self.assertNotIn("consumer", lines[2])
    self.assertNotIn("secret-of", gateway.said())

  def test_a_key_in_a_body_is_hidden(self):
    client = self.start({"key_in_body": True, "hide_credentials": True}).client()
    fields = "Content-Type: application/json\r\n"
    self.assertEqual(client.post(b'{"apikey":"secret-of-ann","n":1.0}', fields=fields).status, 200)
    self.assertEqual(client.post(b'{"apikey":"secret', fields=fields).status, 401)

    request = self.up.requests[0]
    self.assertEqual((request.body, request.get("Content-Length")), (b'{"n":1.0}', "9"))

  def test_a_refused_upload_does_not_reach_the_upstream(self):
    client = self.start().client()
    answer = client.post(b"x" * 1000)

    self.assertEqual((answer.status, message(answer)), (401, "No API key found in request"))
    self.assertEqual(self.up.requests, [])


if __name__ == "__main__":
  unittest.main()
