"""Other projects' attack vectors through the whole gateway: what the upstream sees is what the gateway answered for.

The gateway has one worker and one pool, which a victim shares: a request that the gateway did not see as one
comes without X-Kong-Request-Id, and an answer that went astray reaches the victim."""

import contextlib
import re
import socket
import unittest

import vectors
from support import GatewayTest, ok, service
from wire import Ended

REFUSALS = (400, 413, 414, 417, 431, 501, 505)
QUICK = {"header": 0.15, "body_idle": 0.15, "linger": 0.1, "keep_alive": 0.15}


class Smuggling(GatewayTest):

  def setUp(self):
    self.origin = self.upstream(lambda head, _: ok(head.split(" ")[1].encode()), reads_bodies=True)
    self.node = self.gateway(service(self.origin.port), gateway={"workers": 1, "timeouts": QUICK})

  def exchange(self, writes):
    """All that the gateway answers to these writes until it closes."""
    client = self.node.client()
    client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError):
      for bytes_ in writes:
        client.send(bytes_)
    with contextlib.suppress(Ended):
      client.stream.rest()
    client.close()
    return bytes(client.stream.received)

  def assert_in_order(self, writes):
    """Sends a vector and a victim's request behind it; the statuses that the vector got."""
    before = len(self.origin.requests)
    answer = self.exchange(writes)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) [^\r\n]*\r\n", answer) if status != b"100"]

    victim = self.node.client().get("/victim")
    self.assertEqual((victim.status, victim.body), (200, b"/victim"), "the victim got another's answer")
    seen = self.origin.requests[before:-1]
    self.assertEqual(self.origin.requests[-1].target, "/victim")
    self.assertEqual(self.origin.faults, [])
    for request in seen:
      self.assertRegex(request.get("X-Kong-Request-Id") or "", "^[0-9a-f]{32}$", "no request of the gateway")
    # Via marks what came from the upstream; an upload that broke off was never a request there.
    self.assertEqual(len(seen), len(re.findall(rb"\r\nVia: 1\.1 sluice", answer)), "boundaries differ")
    refused = [place for place, status in enumerate(statuses) if status in REFUSALS]
    self.assertIn(refused, ([], [len(statuses) - 1]), f"answered behind a refusal: {statuses}")
    return statuses

  def test_probes_get_what_the_codec_says_and_nobody_else_is_touched(self):
    expectations = {name: outcome for name, outcome, *_ in vectors.table("http11probe-expected.tsv")}
    rows = vectors.table("http11probe.tsv")
    self.assertGreater(len(rows), 200)

    for _, name, _, _, payload, *_ in rows:
      with self.subTest(name):
        statuses = self.assert_in_order(vectors.probe_writes(payload))
        expected = re.findall(r"accept|incomplete|refuse (\d+)", expectations[name])
        for place, refusal in enumerate(expected):
          if refusal:
            self.assertEqual(statuses[place:place + 1], [int(refusal)])

  def test_requests_of_the_desync_guardian(self):
    rows = vectors.table("desync-guardian/requests.tsv")
    self.assertGreater(len(rows), 100)

    for name, _, _, request in rows:
      with self.subTest(name):
        self.assert_in_order([vectors.unescaped(request)])

  def test_a_probe_may_come_byte_by_byte(self):
    for _, name, _, _, payload, *_ in vectors.table("http11probe.tsv"):
      if not name.startswith(("SMUG-CL", "SMUG-TE", "SMUG-CHUNK")):
        continue
      with self.subTest(name):
        whole = b"".join(vectors.probe_writes(payload))
        self.assert_in_order([bytes([byte]) for byte in whole])


if __name__ == "__main__":
  unittest.main()
