"""`sluice check` for people, editors and CI, and what is left out under --allow-unsupported."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.request

from certificates import Authority
from support import BINARY, free_port, wait_until


class Check(unittest.TestCase):

  def setUp(self):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.file = os.path.join(folder.name, "kong.yaml")

  def check(self, text, *arguments):
    pathlib.Path(self.file).write_text('_format_version: "3.0"\n' + text)
    return subprocess.run([BINARY, "check", self.file, *arguments], capture_output=True, text=True, timeout=20,
                          check=False)

  def test_shows_problems_of_entities_and_plugins_together(self):
    done = self.check("services: [{name: a, host: h, prot: 1}]\n"
                      "plugins: [{name: correlation-id, config: {generator: uid}}, {name: jtw}]\n")

    self.assertEqual(done.returncode, 1)
    for part in ("unknown field \"prot\", did you mean \"port\"?", "got \"uid\", did you mean \"uuid\"?",
                 "no plugin has the name \"jtw\", did you mean \"jwt\"?"):
      self.assertIn(part, done.stderr)

  def test_a_chain_begins_with_the_nodes_own_certificate(self):
    authority = Authority(os.path.dirname(self.file))
    certificate, key = authority.issue("a.com")
    issuer = authority.pem.read_text()
    for cert, said in ((certificate + issuer, ""), (issuer + certificate, "must begin with the node's own certificate"),
                       (issuer, "must be the key of \"cert\"")):
      done = self.check("certificates: " + json.dumps([{"cert": cert, "key": key}]) + "\n")
      self.assertIn(said, done.stderr)
      self.assertEqual(done.stderr.count("certificates[0]"), 1 if said else 0)

  def test_shows_problems_of_matchers_beside_others(self):
    done = self.check("gateway: {router_flavor: expressions}\nservices:\n- name: a\n  host: h\n  prot: 1\n  routes:\n"
                      "  - {name: q, paths: ['~/(']}\n  - {name: r, expression: 'http.path = 1'}\n"
                      "  - {name: s, headers: {x: ['~*[']}, method: [GET]}\n  - {name: t, expression: 5}\n")

    self.assertEqual(done.returncode, 1)
    for part in (":6:3: services[0]: unknown field \"prot\"",
                 ":8:23: services[0].routes[0].paths[0]: must be a regular expression",
                 ":9:38: services[0].routes[1].expression: must be an expression: expected an operator",
                 ":10:24: services[0].routes[2].headers: must have a regular expression",
                 ":10:38: services[0].routes[2]: unknown field \"method\", did you mean \"methods\"?",
                 ":11:27: services[0].routes[3].expression: must be a string"):
      self.assertIn(part, done.stderr)
    self.assertEqual(done.stderr.count("routes[3]"), 1)

  def test_matchers_and_plugins_that_are_not_in_use_are_checked_too(self):
    for text, said in (
        ("services: [{name: a, host: h, enabled: false, routes: [{paths: ['~/(']}]}]\n",
         "must be a regular expression"),
        ("plugins: [{name: cors, enabled: false, config: {max_age: x}}]\n", "must be a whole number"),
        ("plugins: [{name: jwt, enabled: false, config: {max: 1}}]\n", "unknown field \"max\""),
    ):
      with self.subTest(text):
        self.assertIn(said, self.check(text).stderr)
    self.assertEqual(self.check("plugins: [{name: jwt, enabled: false}]\n").returncode, 0)

  def test_plugins_are_only_taken_in_scopes_that_kong_has(self):
    text = ("services: [{name: s, host: h, routes: [{name: r, paths: [/], plugins: [{name: acme, enabled: false}]}]}]\n"
            "consumers: [{username: u, plugins: [{name: key-auth}, {name: correlation-id}]}]\n"
            "consumer_groups: [{name: g, plugins: [{name: correlation-id}, {name: request-transformer}]}]\n"
            "plugins: [{name: cors, consumer: u, route: r}]\n")
    for more in ("", "tags: []\n"):  # Also where the file has another mistake.
      with self.subTest(more):
        lines = [line for line in self.check(text + more).stderr.splitlines() if "must not be given for" in line]
        self.assertEqual([line.split(": ", 1)[1] for line in lines], [
            "services[0].routes[0].plugins[0]: plugin \"acme\" must not be given for a route",
            "consumers[0].plugins[0]: plugin \"key-auth\" must not be given for a consumer",
            "consumer_groups[0].plugins[0]: plugin \"correlation-id\" must not be given for a consumer group",
            "plugins[0]: plugin \"cors\" must not be given for a consumer"])

  def test_plugins_only_name_protocols_that_kong_lets_them(self):
    text = ("plugins: [{name: key-auth, protocols: [http, tcp, udp]},"
            " {name: ip-restriction, protocols: [tcp, tls, udp], config: {allow: [10.0.0.1]}},"
            " {name: cors, enabled: false, protocols: [tls_passthrough, grpc]}]\n")
    for more in ("", "tags: []\n"):  # Also where the file has another mistake.
      with self.subTest(more):
        lines = [line for line in self.check(text + more).stderr.splitlines() if "does not know the protocol" in line]
        self.assertEqual([line.split(": ", 1)[1] for line in lines], [
            "plugins[0].protocols: plugin \"key-auth\" does not know the protocol \"tcp\"",
            "plugins[0].protocols: plugin \"key-auth\" does not know the protocol \"udp\"",
            "plugins[1].protocols: plugin \"ip-restriction\" does not know the protocol \"udp\"",
            "plugins[2].protocols: plugin \"cors\" does not know the protocol \"tls_passthrough\""])

  def test_one_mistake_is_one_problem(self):
    for text, count in (
        ("services: [{name: a, host: \"{vault://env/nowhere-to-be-found}\"}]\n", 1),
        ("services: [{name: a, host: \"{vault://aws/x}\"}]\n", 1),
        ("services: [{name: ${{ env \"DECK_NOWHERE\" }}, host: h}]\n", 1),
        ("services: [{name: '${{ env DECK_X }}', host: h}]\n", 1),
        ("upstreams: [{name: u, targets: [{target: ''}, {target: 'a:b'}, {target: 'c d'}]}]\n", 3),
        ("consumers: [{username: u, acls: [{group: 1}, {group: 2}]}]\n", 2),
    ):
      with self.subTest(text):
        done = self.check(text, "--format", "json")
        self.assertEqual((done.returncode, len(json.loads(done.stdout)["diagnostics"])), (1, count), done.stdout)

  def test_shows_no_credential_of_urls_templates_and_lists(self):
    plugin = "plugins: [{name: %s, config: {%s}}]\n"
    for text, warned in (
        ("consumers: [{username: u, keyauth_credentials: [s3cr3t]}]\n", False),
        ("consumers: [{username: u, keyauth_credentials: [0x5ec3e7]}]\n", False),
        ("consumers:\n- username: u\n  basicauth_credentials:\n  - u:s3cr3t\n", False),
        (plugin % ("request-transformer", 'add: {headers: ["Authorization:Bearer s3cr3t$(x)"]}'), False),
        (plugin % ("request-transformer", 'add: {headers: ["a:$(x)", "Authorization:Bearer s3cr3t"]}'), False),
        (plugin % ("redirect", 'location: "ftp://u:s3cr3t@h/"'), False),
        (plugin % ("redirect", 'location: "http://u:s3cr3t@h/ x"'), False),
        (plugin % ("http-log", 'http_endpoint: "http://u:s3cr3t@h/"'), True),
    ):
      with self.subTest(text):
        arguments = ["--allow-unsupported"] if warned else []
        done = self.check(text, *arguments)
        as_json = self.check(text, "--format", "json", *arguments)
        self.assertEqual(done.returncode, 0 if warned else 1)
        self.assertGreaterEqual(len(json.loads(as_json.stdout)["diagnostics"]), 1)
        for said in (done.stdout, done.stderr, as_json.stdout, as_json.stderr):
          self.assertNotIn("s3cr3t", said)
          self.assertNotIn("5ec3e7", said)

  def test_warns_of_shared_values_that_nobody_writes(self):
    done = self.check("plugins:\n- name: request-transformer\n"
                      "  config: {add: {headers: ['x:$(shared.user or \"-\")']}}\n")

    self.assertEqual(done.returncode, 0)
    self.assertIn("plugins[0].config.add: warning:", done.stderr)
    self.assertIn("asks for shared values", done.stderr)

  def test_what_would_break_a_header_field_is_refused(self):
    for text in (
        "consumers: [{username: \"a\\r\\nX: y\"}]\n",
        "consumers: [{custom_id: \"a\\0\"}]\n",
        "plugins: [{name: request-transformer, config: {add: {headers: [\"x:a\\r\\nEvil: b\"]}}}]\n",
        "plugins: [{name: response-transformer, config: {append: {headers: [\"x:a\\nEvil: b\"]}}}]\n",
    ):
      with self.subTest(text):
        self.assertIn("without control characters", self.check(text).stderr)

  def test_prints_json_and_says_with_the_exit_code_whether_it_would_load(self):
    wrong = self.check("services: [{name: a, host: h, port: 0}]\n", "--format", "json")
    right = self.check("services: [{name: a, host: h}]\n", "--format", "json")

    self.assertEqual((wrong.returncode, right.returncode), (1, 0))
    problem = json.loads(wrong.stdout)["diagnostics"][0]
    self.assertEqual((problem["severity"], problem["line"], problem["column"], problem["path"]),
                     ("error", 2, 37, "services[0].port"))
    self.assertEqual(json.loads(right.stdout), {"file": self.file, "loads": True, "diagnostics": [], "not_shown": 0})

  def test_no_secret_is_printed(self):
    done = self.check("consumers:\n- username: a\n"
                      "  keyauth_credentials: [{key: swordfish, tgas: [x]}, {key: [swordfish]}]\n"
                      "plugins: [{name: session, config: {secret: [swordfish]}}]\n")

    self.assertEqual(done.returncode, 1)
    self.assertNotIn("swordfish", done.stdout + done.stderr)

  def test_what_is_left_out_is_in_the_status(self):
    port, status = free_port(), free_port()
    text = ("services: [{name: a, host: h}]\nplugins: [{name: jwt}]\n"
            f"gateway: {{listeners: [{{address: '127.0.0.1:{port}'}}], status: {{address: '127.0.0.1:{status}'}}}}\n")
    self.assertEqual(self.check(text).returncode, 1)
    self.assertEqual(self.check(text, "--allow-unsupported").returncode, 0)

    node = subprocess.Popen([BINARY, "run", self.file, "--allow-unsupported"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
      def answer():
        try:
          with urllib.request.urlopen(f"http://127.0.0.1:{status}/status", timeout=2) as response:
            return json.load(response)
        except OSError:
          return None
      wait_until(lambda: answer() is not None, "the status API")
      self.assertEqual(answer()["configuration"]["warnings"],
                       [f"{self.file}:3:11: plugins[0]: warning: plugin \"jwt\" is not supported yet"])
    finally:
      node.terminate()
      node.wait(timeout=20)


if __name__ == "__main__":
  unittest.main()
