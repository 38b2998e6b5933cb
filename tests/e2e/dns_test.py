"""Names of services and targets, by a real name server: dnsmasq on a free port of the loopback interface."""

import collections
import json
import os
import shutil
import socket
import struct
import subprocess
import unittest

from support import GatewayTest, free_port, ok, wait_until

DNSMASQ = shutil.which("dnsmasq", path=os.environ.get("PATH", "") + ":/usr/sbin")


def is_answered(port, name):
  """Whether the server answers a question for the name's address at all."""
  labels = b"".join(struct.pack("B", len(label)) + label.encode() for label in name.split("."))
  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(0.2)
    try:
      client.connect(("127.0.0.1", port))
      client.send(struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1))
      return client.recv(512)[:2] == b"\0\7"
    except OSError:
      return False


@unittest.skipUnless(DNSMASQ, "dnsmasq is not installed (package dnsmasq-base)")
class Names(GatewayTest):

  def name_server(self, *records):
    """Starts it with options such as srv-host=NAME,TARGET,PORT,PRIORITY,WEIGHT; its address."""
    port = free_port()
    server = subprocess.Popen([DNSMASQ, "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                               "--pid-file", "--log-facility=/dev/null", "--bind-interfaces",
                               "--listen-address=127.0.0.1", f"--port={port}", "--local=/test/",
                               "--host-record=here.test,127.0.0.1", *(f"--{record}" for record in records)],
                              stderr=subprocess.PIPE, text=True)
    self.addCleanup(server.communicate)
    self.addCleanup(server.kill)
    wait_until(lambda: is_answered(port, "here.test") or server.poll() is not None, "the name server")
    self.assertIsNone(server.poll(), "dnsmasq does not start")
    return f"127.0.0.1:{port}"

  def named(self, name):
    return self.upstream(lambda head, _: ok(name))

  def serving(self, host, server, port=80, order=None, **entities):
    dns = {"nameservers": [server], **({"order": order} if order else {})}
    return self.gateway({"name": "s", "host": host, "port": port, "retries": 5,
                         "routes": [{"name": "r", "paths": ["/"]}]},
                        gateway={"workers": 1, "dns": dns}, **entities)

  def test_a_service_is_served_at_the_ports_of_its_records_by_weight(self):
    a, b = self.named(b"a"), self.named(b"b")
    server = self.name_server(f"srv-host=web.test,here.test,{a.port},1,90",
                              f"srv-host=web.test,here.test,{b.port},1,10", "srv-host=web.test,here.test,1,2,100")
    gateway = self.serving("web.test", server)
    client = gateway.client()

    got = collections.Counter(client.get().body for _ in range(200))

    self.assertEqual(set(got), {b"a", b"b"})
    self.assertGreater(got[b"a"], 2 * got[b"b"])
    for upstream in (a, b):
      for head in upstream.heads:
        self.assertIn(f"\r\nHost: web.test:{upstream.port}\r\n", head)

  def test_a_worse_priority_serves_when_the_better_one_does_not(self):
    alive = self.named(b"alive")
    server = self.name_server("srv-host=web.test,here.test,1,1,10", "srv-host=web.test,here.test,2,1,10",
                              f"srv-host=web.test,here.test,{alive.port},2,10")
    gateway = self.serving("web.test", server)

    self.assertTrue(gateway.get().endswith(b"alive"))
    (line,) = gateway.log_lines(1)
    self.assertEqual(sorted(one["port"] for one in line["tries"][:-1]), [1, 2])
    self.assertEqual(line["tries"][-1]["port"], alive.port)

  def test_a_kept_connection_that_ends_says_nothing_of_its_upstream(self):
    seen = collections.Counter()

    def answers_once(head, connection):
      seen[connection] += 1
      return ok(b"primary") if seen[connection] == 1 else None

    primary, backup = self.upstream(answers_once), self.named(b"backup")
    server = self.name_server(f"srv-host=web.test,here.test,{primary.port},1,10",
                              f"srv-host=web.test,here.test,{backup.port},2,10")
    client = self.serving("web.test", server).client()

    self.assertEqual({client.get().body for _ in range(20)}, {b"primary"})

  def test_the_order_says_which_records_count(self):
    by_service, by_address = self.named(b"service"), self.named(b"address")
    server = self.name_server(f"srv-host=web.test,here.test,{by_service.port}", "host-record=web.test,127.0.0.1")
    for order, expected in ((None, b"service"), (["SRV"], b"service"), (["A", "SRV"], b"address"),
                            (["AAAA", "A"], b"address")):
      gateway = self.serving("web.test", server, by_address.port, order)
      self.assertTrue(gateway.get().endswith(expected), order)

  def test_a_target_may_be_a_service(self):
    a, b = self.named(b"a"), self.named(b"b")
    server = self.name_server(f"srv-host=web.test,here.test,{a.port}")
    gateway = self.serving("pool", server, upstreams=[{
        "name": "pool", "targets": [{"target": "web.test"}, {"target": f"here.test:{b.port}"}]}])
    client = gateway.client()

    self.assertEqual(collections.Counter(client.get().body for _ in range(10)), {b"a": 5, b"b": 5})

  def test_a_service_without_an_address_says_so(self):
    server = self.name_server("srv-host=lost.test,gone.test,80", "host-record=lost.test,127.0.0.1")
    gateway = self.serving("lost.test", server)

    answer = gateway.get()

    self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
    self.assertEqual(json.loads(answer.partition(b"\r\n\r\n")[2])["message"], "name resolution failed")
    (line,) = gateway.log_lines(1)
    self.assertIn("lost.test: no target of the service has an address", json.dumps(line))


if __name__ == "__main__":
  unittest.main()
