"""The plugin correlation-id in a node: generators, scopes, and answers that no upstream made."""

import re
import unittest

from support import GatewayTest, ok, service

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


class CorrelationId(GatewayTest):

  def ids(self, config, count=3, fields="", **scopes):
    """What upstream and client got: [(upstream's, client's)]."""
    upstream = self.upstream(lambda head, _: ok())
    plugin = {"name": "correlation-id", "config": config}
    client = self.gateway(service(upstream.port, **scopes), plugins=[plugin], gateway={"workers": 1}).client()
    name = config.get("header_name", "Kong-Request-ID")
    answers = [client.get(fields=fields) for _ in range(count)]
    return [(request.get(name), answer.get(name)) for request, answer in zip(upstream.requests, answers)]

  def test_generators(self):
    for generator, form in (("uuid", f"^{UUID}$"), ("uuid#counter", f"^{UUID}#[1-9][0-9]*$"),
                            ("tracker", r"^127\.0\.0\.1-\d+-\d+-\d+-\d+-\d+\.\d{3}$")):
      pairs = self.ids({"generator": generator, "echo_downstream": True})
      for ours, theirs in pairs:
        self.assertEqual(ours, theirs)
        self.assertRegex(ours, form)
      self.assertEqual(len(set(pairs)), 3)

  def test_the_counter_counts(self):
    pairs = self.ids({})

    self.assertEqual([re.sub(".*#", "", ours) for ours, _ in pairs], ["1", "2", "3"])
    self.assertEqual(len({ours.split("#")[0] for ours, _ in pairs}), 1)
    self.assertEqual({theirs for _, theirs in pairs}, {None})

  def test_the_clients_own_id_stays(self):
    self.assertEqual(self.ids({"header_name": "X-Trace", "echo_downstream": True}, 1, "X-Trace: mine\r\n"),
                     [("mine", "mine")])

  def test_answers_of_the_gateway_have_one_too(self):
    plugin = {"name": "correlation-id", "config": {"generator": "uuid", "echo_downstream": True}}
    gateway = self.gateway(service(1, route={"paths": ["/dead"]}), plugins=[plugin])

    for path, status in (("/dead", 502), ("/none", 404)):
      answer = gateway.client().get(path)
      self.assertEqual(answer.status, status)
      self.assertRegex(answer.get("Kong-Request-ID"), f"^{UUID}$")

  def test_the_most_specific_configuration_counts(self):
    upstream = self.upstream(lambda head, _: ok())

    def plugin(name):
      return {"name": "correlation-id", "config": {"header_name": name}}

    gateway = self.gateway(
        {"name": "s", "url": f"http://127.0.0.1:{upstream.port}", "plugins": [plugin("X-Service")], "routes": [
            {"name": "a", "paths": ["/a"], "plugins": [plugin("X-Route")]}, {"name": "b", "paths": ["/b"]}]},
        service(upstream.port, "t", route={"paths": ["/c"]}), plugins=[plugin("X-Global")])
    for path in ("/a", "/b", "/c"):
      gateway.client().get(path)

    self.assertEqual([sorted(set(request.head.names) & {"x-route", "x-service", "x-global"})
                      for request in upstream.requests], [["x-route"], ["x-service"], ["x-global"]])


if __name__ == "__main__":
  unittest.main()
