"""Who the client is behind proxies: the table of a peer, what it says, and who is trusted, and what comes of it for the
upstream, the access log and plugins."""

import ipaddress
import unittest
from typing import NamedTuple

from support import GatewayTest, ok, service

INNER, OUTER, PEER, CLIENT = "203.0.113.1", "203.0.113.10", "192.0.2.5", "203.0.113.128"
THREE = f"{CLIENT}, {OUTER}, {INNER}"
BALANCER = "127.0.0.1"  # Tells in a PROXY header who its peer is.


class Case(NamedTuple):
  what: str
  peer: str
  trusted: list
  recursive: bool
  told: str | None  # X-Forwarded-For
  client: str


CASES = (
    Case("at the edge a peer is the client, whatever it says", PEER, [], True, THREE, PEER),
    Case("so it is without recursion", PEER, [], False, THREE, PEER),
    Case("so it is where only others are trusted", PEER, ["10.0.0.0/8"], True, THREE, PEER),
    Case("an edge proxy inside is believed about its own peer", "10.11.12.13", ["10.0.0.0/8"], False,
         f"{THREE}, {PEER}", PEER),
    Case("so it is with recursion, where its peer is nobody's proxy", "10.11.12.13", ["10.0.0.0/8"], True,
         f"{THREE}, {PEER}", PEER),
    Case("two proxies in front: the second address from the end, which the inner one has added", PEER, [PEER, INNER],
         True, THREE, OUTER),
    Case("two proxies in front of an edge proxy inside: the third address from the end", "10.11.12.13",
         ["10.0.0.0/8", PEER, INNER], True, f"{THREE}, {PEER}", OUTER),
    Case("without recursion only the last proxy is believed", "10.11.12.13", ["10.0.0.0/8", PEER, INNER], False,
         f"{THREE}, {PEER}", PEER),
    Case("a peer inside that forwards for nobody is the client itself", "10.20.30.40", ["10.0.0.0/8"], False, None,
         "10.20.30.40"),
    Case("so it is with recursion", "10.20.30.40", ["10.0.0.0/8"], True, None, "10.20.30.40"),
    Case("a client inside behind a proxy inside", "10.20.30.50", ["10.20.30.50"], False, "10.20.30.40", "10.20.30.40"),
    Case("so it is where all of the inside is trusted", "10.20.30.50", ["10.0.0.0/8"], True, "10.20.30.40",
         "10.20.30.40"),
    Case("where all are trusted it is the first of them", "10.20.30.50", ["10.0.0.0/8"], True,
         "10.1.1.1, 10.1.1.2", "10.1.1.1"),
    Case("an untrusted address ends the way, whatever stands before it", "10.20.30.50", ["10.0.0.0/8"], True,
         f"10.1.1.1, {CLIENT}, 10.1.1.2", CLIENT),
    Case("IPv6 in front of IPv4", "10.20.30.50", ["10.0.0.0/8", "2001:db8:1::/48"], True,
         "2001:db8:2::7, 2001:db8:1::1", "2001:db8:2::7"),
)


class ClientAddress(GatewayTest):

  def start(self, case, plugins=()):
    self.origin = self.upstream(lambda head, _: ok())
    return self.gateway(service(self.origin.port), plugins=list(plugins), listener={"proxy_protocol": True}, gateway={
        "workers": 1, "trusted_ips": [BALANCER, *case.trusted], "real_ip_header": "X-Forwarded-For",
        "real_ip_recursive": case.recursive})

  @staticmethod
  def ask(gateway, case, fields=""):
    """The status of a request by the case's peer."""
    told = f"X-Forwarded-For: {case.told}\r\n" if case.told else ""
    client = gateway.client()
    client.send(f"PROXY TCP4 {case.peer} 198.51.100.9 4711 80\r\n".encode())
    return client.get(fields=told + fields).status

  def test_the_upstream_and_the_log_hear_of_the_client(self):
    for case in CASES:
      with self.subTest(case.what):
        gateway = self.start(case)

        self.assertEqual(self.ask(gateway, case), 200)

        request = self.origin.requests[0]
        self.assertEqual(request.get("X-Real-IP"), case.client)
        self.assertEqual(request.get("X-Forwarded-For"), f"{case.told}, {case.peer}" if case.told else case.client)
        self.assertEqual(gateway.log_lines(1)[0]["client_ip"], case.client)

  def test_plugins_hold_the_client_to_its_address(self):
    for case in CASES:
      with self.subTest(case.what):
        others = {address.strip() for address in f"{case.told or CLIENT}, {case.peer}".split(",")} - {case.client}
        gateway = self.start(case, [{"name": "ip-restriction", "config": {"deny": sorted(others)}}])
        self.assertEqual(self.ask(gateway, case), 200)
        gateway = self.start(case, [{"name": "ip-restriction", "config": {"deny": [case.client]}}])
        self.assertEqual((self.ask(gateway, case), self.origin.heads), (403, []))

  def test_what_a_peer_says_of_the_scheme_counts_where_it_is_trusted(self):
    for case in CASES:
      trusted = any(ipaddress.ip_address(case.peer) in ipaddress.ip_network(each) for each in case.trusted)
      with self.subTest(case.what, trusted=trusted):
        self.ask(self.start(case), case, "X-Forwarded-Proto: https\r\n")
        self.assertEqual(self.origin.requests[0].get("X-Forwarded-Proto"), "https" if trusted else "http")

  def test_a_list_in_several_lines_is_one(self):
    for case in CASES:
      if case.told and "," in case.told:
        with self.subTest(case.what):
          first, _, rest = case.told.partition(", ")
          gateway = self.start(case)
          self.ask(gateway, case._replace(told=first), f"X-Forwarded-For: {rest}\r\n")
          self.assertEqual(self.origin.requests[0].get("X-Real-IP"), case.client)


if __name__ == "__main__":
  unittest.main()
