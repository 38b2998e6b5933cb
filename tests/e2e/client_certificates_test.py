"""Certificates of clients: who has to show one, who vouches for it, and that no session crosses a border."""

import contextlib
import json
import ssl
import subprocess
import tempfile
import unittest

from certificates import Authority, ByteByByte
from support import BINARY, PATIENCE, GatewayTest, free_port, ok, service, wait_until

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
STAFF, PARTNERS = "fd02801f-0957-4a15-a55a-c8d9606f30b5", "fd02801f-0957-4a15-a55a-c8d9606f30b6"


class ClientCertificatesTest(GatewayTest):

  @classmethod
  def setUpClass(cls):
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.servers = Authority(folder.name, "servers")
    cls.staff = Authority(folder.name, "staff")
    cls.partners = Authority(folder.name, "partners")
    cls.server = cls.servers.issue("example.com", "DNS:*.example.com", "DNS:*.deep.example.com")
    cls.alice = cls.files_of(cls.staff, "alice")
    cls.bob = cls.files_of(cls.partners, "bob")
    cls.expired = cls.files_of(cls.staff, "expired", days=0)
    cls.only_server = cls.files_of(cls.staff, "only-server", extensions=["extendedKeyUsage=serverAuth"])
    intermediate = cls.staff.intermediate("intermediate")
    below = intermediate.issue("carol")
    cls.carol = cls.staff.files((below[0] + intermediate.pem.read_text(), below[1]), "carol")

  @staticmethod
  def files_of(authority, name, **more):
    return authority.files(authority.issue(name, **more), name)

  def entities(self, upstream):
    return {
        "services": [service(upstream.port)],
        "certificates": [{"cert": self.server[0], "key": self.server[1], "snis": [{"name": "*"}]}],
        "ca_certificates": [{"id": STAFF, "cert": self.staff.pem.read_text()},
                            {"id": PARTNERS, "cert": self.partners.pem.read_text()}],
    }

  def started(self, *policies, workers=1, **more):
    """A gateway, and its upstream."""
    upstream = self.upstream(lambda head, _: ok())
    entities = self.entities(upstream)
    gateway = self.gateway(*entities.pop("services"), gateway={"workers": workers, **more},
                           listener={"tls": {"client_certificates": list(policies)}}, **entities)
    return gateway, upstream

  def reload_with(self, gateway, upstream, *policies):
    listener = {"address": f"127.0.0.1:{gateway.port}", "tls": {"client_certificates": list(policies)}}
    gateway.reload(self.entities(upstream), {"listeners": [listener]})

  def context(self, shown=None, version=None):
    context = ssl.create_default_context(cafile=str(self.servers.pem))
    if shown:
      context.load_cert_chain(*shown)
    if version:
      context.minimum_version = context.maximum_version = version
    return context

  def open(self, gateway, context, name="api.example.com", session=None, port=None):
    raw = gateway.connect(port)
    connection = context.wrap_socket(raw, server_hostname=name, session=session)
    self.addCleanup(connection.close)
    return connection

  @staticmethod
  def ask(connection, host="api.example.com"):
    """The status of an answer, or None where the connection is refused."""
    data = b""
    try:
      connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
      while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
          return None
        data += more
    except (ssl.SSLError, ConnectionError):
      return None
    return int(data[9:12])

  def try_once(self, gateway, context, name="api.example.com", host=None):
    try:
      connection = self.open(gateway, context, name)
    except (ssl.SSLError, ConnectionError):
      return None
    return self.ask(connection, host or name)

  def curl(self, gateway, *more, name="api.example.com", http="--http2"):
    """(status, version) by curl, or None where there is no connection."""
    done = subprocess.run(
        ["curl", "-sS", http, "--cacert", self.servers.pem, "--resolve", f"{name}:{gateway.port}:127.0.0.1", "-o",
         "/dev/null", "-w", "%{http_code} %{http_version}", *more, f"https://{name}:{gateway.port}/"],
        capture_output=True, timeout=PATIENCE, check=False)
    return tuple(done.stdout.decode().split()) if done.returncode == 0 else None


REQUIRED = {"mode": "required", "ca_certificates": [STAFF]}
OPTIONAL = {"mode": "optional", "ca_certificates": [STAFF]}
ADMIN = {**REQUIRED, "snis": ["admin.example.com"]}


class WhoIsLetIn(ClientCertificatesTest):

  def test_without_a_good_certificate_nothing_is_served(self):
    gateway, upstream = self.started(REQUIRED)
    for version in VERSIONS:
      for shown in (None, self.bob, self.expired, self.only_server):
        with self.subTest(version=version, shown=shown):
          self.assertIsNone(self.try_once(gateway, self.context(shown, version)))
    self.assertEqual(upstream.heads, [])
    # A client may hear of a refusal before it is counted.
    wait_until(lambda: 'sluice_tls_handshakes_total{result="failed"} 8\n' in gateway.status("/metrics")[1],
               "the refused handshakes")
    for version in VERSIONS:
      self.assertEqual(self.try_once(gateway, self.context(self.alice, version)), 200)
    self.assertEqual([line["request"]["tls"]["client_verify"] for line in gateway.log_lines(2)], ["SUCCESS"] * 2)

  def test_other_clients_see_the_same(self):
    gateway, upstream = self.started(REQUIRED)
    for http, version in (("--http1.1", "1.1"), ("--http2", "2")):
      self.assertIsNone(self.curl(gateway, http=http))
      self.assertEqual(self.curl(gateway, "--cert", self.alice[0], "--key", self.alice[1], http=http), ("200", version))
    self.assertEqual(len(upstream.heads), 2)

  def s_client(self, gateway, *more):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername",
                           "api.example.com", "-ign_eof", *more], input=b"", capture_output=True,
                          timeout=PATIENCE, check=False)
    return done.stdout.decode("latin-1") + done.stderr.decode("latin-1")

  def test_a_refused_client_is_told_by_an_alert(self):
    gateway, upstream = self.started(REQUIRED)
    self.assertRegex(self.s_client(gateway, "-tls1_3"), "alert certificate required")
    self.assertRegex(self.s_client(gateway, "-tls1_2"), "alert handshake failure")
    said = self.s_client(gateway, "-tls1_2", "-cert", self.bob[0], "-key", self.bob[1])
    self.assertRegex(said, "alert unknown ca")
    self.assertRegex(said, "Acceptable client certificate CA names\nCN = staff\n")
    self.assertEqual(upstream.heads, [])

  def test_where_it_is_optional_a_bad_one_is_answered_in_http(self):
    gateway, upstream = self.started(OPTIONAL)
    expected = []
    for version in VERSIONS:
      for shown, status, told in ((None, 200, "NONE"), (self.alice, 200, "SUCCESS"),
                                  (self.bob, 400, "FAILED:unable to get local issuer certificate"),
                                  (self.expired, 400, "FAILED:certificate has expired"),
                                  (self.only_server, 400, "FAILED:unsuitable certificate purpose")):
        with self.subTest(version=version, told=told):
          self.assertEqual(self.try_once(gateway, self.context(shown, version)), status)
          expected.append(told)
    self.assertEqual(self.curl(gateway, "--cert", self.bob[0], "--key", self.bob[1]), ("400", "2"))
    lines = gateway.log_lines(11)
    told = [line["request"]["tls"]["client_verify"] for line in lines[:10]]
    self.assertEqual([each.replace("unsupported", "unsuitable") for each in told], expected)
    self.assertEqual(lines[2]["error"], "client_certificate_invalid")
    self.assertEqual(len(upstream.heads), 4)

  def test_the_depth_of_the_chain_counts(self):
    gateway, _ = self.started({**REQUIRED, "verify_depth": 1})
    self.assertEqual(self.try_once(gateway, self.context(self.carol)), 200)
    shallow, _ = self.started({**REQUIRED, "verify_depth": 0})
    self.assertIsNone(self.try_once(shallow, self.context(self.carol)))
    self.assertEqual(self.try_once(shallow, self.context(self.alice)), 200)


class WhichPolicy(ClientCertificatesTest):

  def test_the_server_name_decides(self):
    gateway, _ = self.started(ADMIN, {**REQUIRED, "ca_certificates": [PARTNERS], "snis": ["*.deep.example.com"]},
                              {"mode": "none"})
    with_alice, with_bob, without = self.context(self.alice), self.context(self.bob), self.context()
    self.assertEqual(self.try_once(gateway, without, "api.example.com"), 200)
    self.assertIsNone(self.try_once(gateway, without, "admin.example.com"))
    self.assertIsNone(self.try_once(gateway, with_bob, "admin.example.com"))
    self.assertEqual(self.try_once(gateway, with_alice, "admin.example.com"), 200)
    self.assertEqual(self.try_once(gateway, with_alice, "ADMIN.Example.com"), 200)
    self.assertIsNone(self.try_once(gateway, without, "ADMIN.Example.com"))
    self.assertIsNone(self.try_once(gateway, with_alice, "a.deep.example.com"))
    self.assertEqual(self.try_once(gateway, with_bob, "a.deep.example.com"), 200)

  def test_a_client_hello_in_pieces_changes_nothing(self):
    gateway, upstream = self.started(ADMIN)
    for shown, reached in ((None, False), (self.alice, True)):
      client = ByteByByte(gateway.connect(), self.context(shown), "admin.example.com")
      with contextlib.suppress(ssl.SSLError, ConnectionError):
        client.ask("admin.example.com")
      self.assertEqual(len(upstream.heads), int(reached))

  def test_a_host_of_another_policy_is_misdirected(self):
    gateway, upstream = self.started(ADMIN, {**OPTIONAL, "snis": ["*.example.com"]})
    without, with_alice = self.context(), self.context(self.alice)
    for host in ("admin.example.com", "ADMIN.example.com", "admin.example.com.", "admin.example.com:443",
                 "Admin.Example.Com.:8443", "other.test"):
      with self.subTest(host=host):
        self.assertEqual(self.ask(self.open(gateway, without), host), 421)
    self.assertEqual(self.ask(self.open(gateway, with_alice, "admin.example.com"), "api.example.com"), 421)
    self.assertEqual(upstream.heads, [])
    for host in ("API.example.com.", "www.example.com:1", "a.b.example.com"):
      self.assertEqual(self.ask(self.open(gateway, without), host), 200)
    line = gateway.log_lines(10)[0]
    self.assertEqual((line["error"], line["response"]["status"]), ("misdirected_request", 421))

  def test_the_same_holds_in_http_2(self):
    gateway, upstream = self.started(ADMIN)
    for host in ("admin.example.com", "ADMIN.example.com.:443"):
      for http, version in (("--http1.1", "1.1"), ("--http2", "2")):
        self.assertEqual(self.curl(gateway, "-H", f"Host: {host}", http=http), ("421", version))
    self.assertEqual(upstream.heads, [])

  def test_no_spelling_of_a_host_leads_around_its_policy(self):
    prefix = {**REQUIRED, "snis": ["pre.*", "*.int.test"]}
    routes = {"hosts": ["pre.*", "*.int.test"]}, {"expression": 'http.host ^= "pre." || http.host =^ ".int.test"'}
    for route, flavor in zip(routes, ("traditional_compatible", "expressions"), strict=True):
      upstream = self.upstream(lambda head, _: ok())
      entities = self.entities(upstream)
      entities.pop("services")
      gateway = self.gateway({**service(upstream.port), "routes": [{"name": "secret", **route}]},
                             gateway={"workers": 1, "router_flavor": flavor},
                             listener={"tls": {"client_certificates": [prefix, {"mode": "none"}]}}, **entities)
      for host, status in (("pre..", 400), ("pre..x", 400), (".int.test", 400), ("a..int.test", 400),
                           ("a.int.test..", 400), (".", 400), ("pre.", 421), ("PRE.:443", 421), ("pre.x.", 421),
                           ("a.int.test.", 421)):
        with self.subTest(host=host, flavor=flavor):
          self.assertEqual(self.ask(self.open(gateway, self.context()), host), status)
          self.assertEqual(self.curl(gateway, "-H", f"Host: {host}"), (str(status), "2"))
      self.assertEqual(upstream.heads, [])

  def test_a_server_name_with_an_empty_label_gets_no_handshake(self):
    gateway, upstream = self.started({**REQUIRED, "snis": ["pre.*"]}, {"mode": "none"})
    for name in ("pre...", "pre..", "a..b", ".a", "."):
      done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", name],
                            input=b"", capture_output=True, timeout=PATIENCE, check=False)
      self.assertIn(b"alert decode error", done.stderr, name)
    self.assertEqual(upstream.heads, [])

  def test_a_client_without_server_name_is_of_the_others(self):
    gateway, _ = self.started(ADMIN)
    context = self.context()
    context.check_hostname = False
    self.assertEqual(self.ask(self.open(gateway, context, None), "admin.example.com"), 421)
    self.assertEqual(self.ask(self.open(gateway, context, None), "127.0.0.1"), 200)


class Sessions(ClientCertificatesTest):

  def session_of(self, gateway, context, name):
    connection = self.open(gateway, context, name)
    self.assertEqual(self.ask(connection, name), 200)
    self.assertIsNotNone(connection.session)
    return connection.session

  def resumed(self, gateway, context, name, session, port=None):
    """(whether the session was used, the status), or None without a connection."""
    try:
      connection = self.open(gateway, context, name, session, port)
    except (ssl.SSLError, ConnectionError):
      return None
    status = self.ask(connection, name)
    return (connection.session_reused, status) if status else None

  def test_a_session_without_a_certificate_is_worth_nothing_where_one_is_required(self):
    gateway, upstream = self.started(ADMIN)
    for version in VERSIONS:
      with self.subTest(version=version):
        context = self.context(version=version)
        session = self.session_of(gateway, context, "api.example.com")
        self.assertEqual(self.resumed(gateway, context, "api.example.com", session), (True, 200))
        self.assertIsNone(self.resumed(gateway, context, "admin.example.com", session))
    self.assertEqual(len(upstream.heads), 4)

  def test_a_session_counts_where_the_same_is_asked(self):
    gateway, _ = self.started(ADMIN, workers=2)
    for version in VERSIONS:
      context = self.context(self.alice, version)
      session = self.session_of(gateway, context, "admin.example.com")
      self.assertEqual(self.resumed(gateway, context, "admin.example.com", session), (True, 200))
    self.assertEqual({line["request"]["tls"]["client_verify"] for line in gateway.log_lines(4)}, {"SUCCESS"})

  def test_a_session_of_one_policy_does_not_count_under_another(self):
    others = {**REQUIRED, "ca_certificates": [PARTNERS], "snis": ["partners.example.com"]}
    gateway, _ = self.started(ADMIN, others, {**OPTIONAL, "snis": ["optional.example.com"]})
    for version in VERSIONS:
      with self.subTest(version=version):
        context = self.context(self.alice, version)
        session = self.session_of(gateway, context, "admin.example.com")
        self.assertIsNone(self.resumed(gateway, context, "partners.example.com", session))
        self.assertEqual(self.resumed(gateway, context, "optional.example.com", session), (False, 200))
        self.assertEqual(self.resumed(gateway, context, "api.example.com", session), (False, 200))

  def test_a_session_of_another_listener_does_not_count(self):
    upstream = self.upstream(lambda head, _: ok())
    entities = self.entities(upstream)
    other = free_port()
    gateway = self.gateway(*entities.pop("services"), gateway={"workers": 1}, listener={"tls": {}}, **entities)
    gateway.reload(self.entities(upstream), {"listeners": [
        {"address": f"127.0.0.1:{gateway.port}", "tls": {}},
        {"address": f"127.0.0.1:{other}", "tls": {"client_certificates": [REQUIRED]}}]})
    for version in VERSIONS:
      context = self.context(version=version)
      session = self.session_of(gateway, context, "api.example.com")
      self.assertIsNone(self.resumed(gateway, context, "api.example.com", session, other))

  def test_a_bad_certificate_begins_no_session(self):
    gateway, _ = self.started(OPTIONAL)
    for version in VERSIONS:
      context = self.context(self.bob, version)
      connection = self.open(gateway, context)
      self.assertEqual(self.ask(connection), 400)
      session = connection.session
      self.assertIn(self.resumed(gateway, context, "api.example.com", session), (None, (False, 400)))

  def test_other_authorities_end_sessions_and_connections(self):
    gateway, upstream = self.started(ADMIN)
    contexts = [self.context(self.alice, version) for version in VERSIONS]
    sessions = [self.session_of(gateway, context, "admin.example.com") for context in contexts]
    kept = self.open(gateway, contexts[0], "admin.example.com")
    self.assertEqual(self.ask(kept, "admin.example.com"), 200)
    self.reload_with(gateway, upstream, {**ADMIN, "ca_certificates": [STAFF, PARTNERS]})
    for context, session in zip(contexts, sessions):
      self.assertEqual(self.resumed(gateway, context, "admin.example.com", session), (False, 200))
    self.assertEqual(self.ask(kept, "admin.example.com"), 421)

  def test_a_removed_authority_ends_sessions(self):
    either = {**ADMIN, "ca_certificates": [STAFF, PARTNERS]}
    gateway, upstream = self.started(either)

    def sessions_of(shown):
      contexts = [self.context(shown, version) for version in VERSIONS]
      return [(context, self.session_of(gateway, context, "admin.example.com")) for context in contexts]

    of_alice, of_bob = sessions_of(self.alice), sessions_of(self.bob)
    with self.subTest("removed from the entry"):
      self.reload_with(gateway, upstream, {**ADMIN, "ca_certificates": [PARTNERS]})
      for context, session in of_alice:
        self.assertIsNone(self.resumed(gateway, context, "admin.example.com", session))
      for context, session in of_bob:
        self.assertEqual(self.resumed(gateway, context, "admin.example.com", session), (False, 200))
    with self.subTest("another certificate in its place"):
      self.reload_with(gateway, upstream, ADMIN)
      of_alice = sessions_of(self.alice)
      entities = self.entities(upstream)
      entities["ca_certificates"][0]["cert"] = self.servers.pem.read_text()
      gateway.reload(entities)
      for context, session in of_alice:
        self.assertIsNone(self.resumed(gateway, context, "admin.example.com", session))

  def test_a_stricter_policy_holds_for_connections_that_were_there(self):
    gateway, upstream = self.started()
    kept = self.open(gateway, self.context())
    self.assertEqual(self.ask(kept), 200)
    self.reload_with(gateway, upstream, ADMIN)
    self.assertEqual(self.ask(kept), 200)
    self.reload_with(gateway, upstream, REQUIRED)
    self.assertEqual(self.ask(kept), 421)
    self.assertIsNone(self.try_once(gateway, self.context()))
    self.reload_with(gateway, upstream)
    self.assertEqual(self.try_once(gateway, self.context()), 200)


class Configuration(ClientCertificatesTest):

  def test_an_authority_that_does_not_exist_is_an_error(self):
    gateway, upstream = self.started(REQUIRED)
    self.reload_refused(gateway, upstream, {**REQUIRED, "ca_certificates": ["nobody"]},
                        'no CA certificate has the name or id "nobody"')
    self.reload_refused(gateway, upstream, {"mode": "optional"}, "must name at least one of the ca_certificates")
    self.assertIsNone(self.try_once(gateway, self.context()))

  def test_explain_knows_what_a_handshake_would_ask(self):
    gateway, _ = self.started(ADMIN, {**OPTIONAL, "snis": ["*.example.com"]})

    def explained(url, *more):
      done = subprocess.run([BINARY, "explain", gateway.file, "GET", url, *more], capture_output=True,
                            timeout=PATIENCE, check=False)
      return done.stdout.decode()

    for name, mode in (("admin.example.com", "required"), ("api.example.com", "optional"), ("other.test", None)):
      said = explained(f"https://{name}/")
      self.assertIn("service    s", said)
      if mode:
        self.assertIn(f"at listener 127.0.0.1:{gateway.port}", said)
        self.assertIn(f"asks for a client certificate ({mode})", said)
      else:
        self.assertNotIn("certificate", said)
    self.assertIn("answer: 421 by the gateway", explained("https://admin.example.com/", "--sni", "api.example.com"))

  def reload_refused(self, gateway, upstream, policy, why):
    before = gateway.configuration()["reloads_failed"]
    listener = {"address": f"127.0.0.1:{gateway.port}", "tls": {"client_certificates": [policy]}}
    gateway.write(self.entities(upstream), {"listeners": [listener]})
    gateway.signal(1)
    wait_until(lambda: gateway.configuration()["reloads_failed"] > before, "the refused reload")
    self.assertIn(why, json.dumps(gateway.configuration()["last_problem"], ensure_ascii=False).replace('\\"', '"'))


if __name__ == "__main__":
  unittest.main()
