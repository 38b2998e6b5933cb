"""Connections and sessions of TLS to an upstream belong to the settings under which they began: no service uses those
of another that asks for more, for less, or for something else."""

import os
import ssl
import tempfile
import unittest
from unittest import mock

from certificates import Authority
from support import GatewayTest
from tls_upstream import BODY, TlsUpstream

RIGHT, OTHER = "fd02801f-0957-4a15-a55a-c8d9606f30b5", "fd02801f-0957-4a15-a55a-c8d9606f30b6"
ANN, BOB = "0a02801f-0957-4a15-a55a-c8d9606f30b5", "0a02801f-0957-4a15-a55a-c8d9606f30b6"
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
# Where an upstream keeps connections they could be taken, where it closes them only their sessions could.
UPSTREAMS = tuple({"version": version, "http2": http2, "keeps": keeps}
                  for version, http2, keeps in ((TLS_1_3, False, True), (TLS_1_3, True, True), (TLS_1_2, False, False),
                                                (TLS_1_3, False, False), (TLS_1_3, True, False)))
UNVERIFIED = {"tls_verify": False}
VERIFIED = {"ca_certificates": [RIGHT]}


class TlsPoolsTest(GatewayTest):

  @classmethod
  def setUpClass(cls):
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.folder = folder.name
    cls.authority, cls.other = Authority(folder.name, "right"), Authority(folder.name, "other")
    cls.clients = {ANN: cls.authority.issue("ann"), BOB: cls.authority.issue("bob")}
    cls.files = cls.authority.files(cls.authority.issue("local", "IP:127.0.0.1", "DNS:right.test"), "upstream")

  def entities(self, *services):
    return {
        "services": services,
        "ca_certificates": [{"id": RIGHT, "cert": self.authority.pem.read_text()},
                            {"id": OTHER, "cert": self.other.pem.read_text()}],
        "certificates": [{"id": identifier, "cert": pair[0], "key": pair[1]}
                         for identifier, pair in self.clients.items()],
    }

  @staticmethod
  def service(upstream, name="s", host="127.0.0.1", route=None, **fields):
    """A service at the path of its name."""
    return {"name": name, "url": f"https://{host}:{upstream.port}", "retries": 0,
            "protocol_version": "2" if upstream.kind["http2"] else "1.1",
            "routes": [{"name": name, "paths": [f"/{name}"], "strip_path": False, **(route or {})}], **fields}

  def started(self, *services, gateway=None):
    entities = self.entities(*services)
    return self.gateway(*entities.pop("services"), gateway={"workers": 1, **(gateway or {})}, **entities)


class Pools(TlsPoolsTest):

  def check(self, first, second, statuses, gateway=None, files=None, **more):
    """Asks two services for the same upstream in turns; returns the upstreams' connections to each of them."""
    cases = [(TlsUpstream(self, files or self.files, kind, **more), order)
             for kind in UPSTREAMS for order in ((0, 1), (1, 0))]
    services = [self.service(upstream, f"{name}{index}", **fields) for index, (upstream, _) in enumerate(cases)
                for name, fields in (("first", first), ("second", second))]
    gateway = self.started(*services, gateway=gateway)
    client = gateway.client()
    connections = ([], [])
    for index, (upstream, order) in enumerate(cases):
      names = (f"first{index}", f"second{index}")
      with self.subTest(**upstream.kind, order=order):
        for turn in order * 3:
          self.assertEqual(client.get(f"/{names[turn]}").status, statuses[turn], names[turn])
        for turn in (0, 1):
          came = [each for each in upstream.connections if f"/{names[turn]}" in each.paths]
          self.assertEqual({path for each in came for path in each.paths} - {f"/{names[turn]}"}, set())
          connections[turn].extend(came)
          self.assertEqual(len(came), 0 if statuses[turn] != 200 else 1 if upstream.kind["keeps"] else 3)
          self.assertFalse(came and came[0].resumed, "a session of the other service was used")
    failed = [line.get("error") for line in gateway.log_lines(6 * len(cases)) if line["response"]["status"] != 200]
    self.assertEqual(failed, ["tls_failed"] * 3 * len(cases) * (502 in statuses))
    # There was something to take: each goes on with its own. Pools without a connection are forgotten now and then.
    for kind in UPSTREAMS:
      if not kind["keeps"]:
        self.assertTrue([each for upstream, _ in cases for each in upstream.connections
                         if each.resumed and upstream.kind == kind], kind)
    return connections

  def test_what_was_not_verified_is_not_used_by_who_verifies(self):
    self.check(UNVERIFIED, {"ca_certificates": [OTHER]}, (200, 502))
    self.check(UNVERIFIED, {}, (200, 502))
    self.check(UNVERIFIED, VERIFIED, (200, 200))

  def test_each_set_of_authorities_has_its_own(self):
    self.check(VERIFIED, {"ca_certificates": [OTHER]}, (200, 502))
    self.check(VERIFIED, {"ca_certificates": [RIGHT, OTHER]}, (200, 200))

  def test_each_list_of_names_has_its_own(self):
    self.check({**VERIFIED, "tls_sans": ["right.test"]}, {**VERIFIED, "tls_sans": ["wrong.test"]}, (200, 502))
    self.check({**VERIFIED, "tls_sans": ["right.test"]}, VERIFIED, (200, 200))

  def test_each_depth_of_chains_has_its_own(self):
    between = self.authority.intermediate("between")
    certificate, key = between.issue("deep", "IP:127.0.0.1")
    files = self.authority.files((certificate + between.pem.read_text(), key), "deep")
    self.check({**VERIFIED, "tls_verify_depth": 1}, {**VERIFIED, "tls_verify_depth": 0}, (200, 502), files=files)

  def test_each_client_certificate_has_its_own(self):
    shown = {"client_certificate": {"id": ANN}}
    for verification in (VERIFIED, UNVERIFIED):
      for other, name in (({}, None), ({"client_certificate": {"id": BOB}}, "bob")):
        first, second = self.check({**verification, **shown}, {**verification, **other}, (200, 200),
                                   client_authority=str(self.authority.pem))
        self.assertEqual({connection.client for connection in first}, {"ann"})
        self.assertEqual({connection.client for connection in second}, {name})

  def with_hosts(self):
    hosts = os.path.join(self.folder, "hosts")
    with open(hosts, "w", encoding="utf-8") as file:
      file.write("127.0.0.1 right.test wrong.test\n")
    return {"dns": {"hosts_file": hosts}}

  def test_each_host_has_its_own(self):
    right, wrong = {"host": "right.test"}, {"host": "wrong.test"}
    self.check({**VERIFIED, **right}, {**VERIFIED, **wrong}, (200, 502), gateway=self.with_hosts())
    first, second = self.check({**UNVERIFIED, **right}, {**UNVERIFIED, **wrong}, (200, 200), gateway=self.with_hosts())
    self.assertEqual({connection.server_name for connection in first}, {"right.test"})
    self.assertEqual({connection.server_name for connection in second}, {"wrong.test"})

  def test_each_name_that_clients_ask_for_has_its_own(self):
    hosts = ["right.test", "wrong.test"] * 3
    for kind in UPSTREAMS:
      for settings, statuses in ((VERIFIED, [200, 502] * 3), (UNVERIFIED, [200] * 6)):
        with self.subTest(**kind, **settings):
          upstream = TlsUpstream(self, self.files, kind)
          client = self.started(self.service(upstream, route={"preserve_host": True}, **settings)).client()

          got = [client.ask(f"GET /s HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).status for host in hosts]

          self.assertEqual(got, statuses)
          for connection in upstream.connections:
            self.assertEqual({host for host, _ in connection.requests}, {connection.server_name})

  def test_a_reload_to_stricter_settings_leaves_what_was_there(self):
    for kind in UPSTREAMS:
      with self.subTest(**kind):
        upstream = TlsUpstream(self, self.files, kind)
        gateway = self.started(self.service(upstream, **UNVERIFIED))
        client = gateway.client()
        self.assertEqual(client.get("/s").status, 200)

        gateway.reload(self.entities(self.service(upstream, ca_certificates=[OTHER])))
        self.assertEqual([client.get("/s").status, gateway.client().get("/s").status], [502, 502])

        gateway.reload(self.entities(self.service(upstream, **VERIFIED)))
        self.assertEqual(client.get("/s").body, BODY)
        self.assertFalse(upstream.connections[-1].resumed)


class SystemAuthorities(TlsPoolsTest):
  """Where a service names no authorities, those of the system count; SSL_CERT_FILE says where they are."""

  def ask(self, authorities, **fields):
    upstream = TlsUpstream(self, self.files, UPSTREAMS[0])
    with mock.patch.dict(os.environ, SSL_CERT_FILE=str(authorities), SSL_CERT_DIR=os.path.join(self.folder, "none")):
      gateway = self.started(self.service(upstream, **fields))
    return gateway.client().get("/s").status, gateway.log_lines(1)[0]

  def test_an_upstream_whose_authority_the_system_knows_is_accepted(self):
    for fields in ({"tls_verify": True}, {}):
      status, line = self.ask(self.authority.pem, **fields)
      self.assertEqual(status, 200, line)

  def test_an_upstream_whose_authority_it_does_not_know_is_refused_and_the_log_says_why(self):
    for fields in ({"tls_verify": True}, {}):
      status, line = self.ask(self.other.pem, **fields)
      self.assertEqual((status, line["error"]), (502, "tls_failed"))
      self.assertIn("unable to get local issuer certificate", line["error_detail"])

  def test_the_name_counts_there_too(self):
    status, line = self.ask(self.authority.pem, tls_sans=["wrong.test"])
    self.assertEqual((status, line["error"]), (502, "tls_failed"))
    self.assertIn("ostname mismatch", line["error_detail"])

  def test_authorities_of_the_service_take_the_place_of_those_of_the_system(self):
    self.assertEqual(self.ask(self.authority.pem, ca_certificates=[OTHER])[0], 502)
    self.assertEqual(self.ask(self.other.pem, ca_certificates=[RIGHT])[0], 200)


if __name__ == "__main__":
  unittest.main()
