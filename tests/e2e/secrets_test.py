"""No credential is in what a node writes: access log, its log, status API, metrics, the account of a request."""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from explain_test import token
from support import BINARY, GatewayTest, ok, service, wait_until

# Distinctive: four letters of one in a row stand in no other text.
SECRETS = {name: f"{name[0]}Qz7{index}Wx9Kv{index}Jp3Yq" for index, name in enumerate(
    ("authorization", "proxy", "cookie", "header", "query", "stored", "setting", "environment", "explain"))}


class Secrets(GatewayTest):
  def setUp(self):
    os.environ["SECRET_OF_TEST"] = "X-Other:" + SECRETS["environment"]
    self.addCleanup(os.environ.pop, "SECRET_OF_TEST")
    self.origin = self.upstream(lambda head, _: ok(fields=f"Set-Cookie: a={SECRETS['cookie']}\r\n".encode()))
    self.entities = {
        "services": [service(self.origin.port, plugins=[
            {"name": "key-auth", "config": {"key_names": ["x-key"]}},
            {"name": "request-transformer", "config": {"add": {"headers": [
                f"Authorization:{SECRETS['setting']}", "{vault://env/secret-of-test}"]}}}])],
        "consumers": [{"username": "alice", "keyauth_credentials": [{"key": SECRETS["stored"]}]}],
    }
    key = SECRETS["explain"] + "-0123456789"
    self.key = key
    self.running = self.gateway(*self.entities["services"], consumers=self.entities["consumers"],
                                gateway={"explain_key": key})

  def expect_silence(self, text, where, besides=()):
    for name, secret in SECRETS.items():
      if name in besides:
        continue
      for begin in range(len(secret) - 5):
        self.assertNotIn(secret[begin:begin + 6], text, f"{name} in {where}")

  def requests(self):
    fields = (f"Authorization: Basic {SECRETS['authorization']}\r\nProxy-Authorization: {SECRETS['proxy']}\r\n"
              f"Cookie: session={SECRETS['cookie']}\r\n")
    given = f"X-Sluice-Explain: {token(self.key)}\r\n"
    answers = []
    for key in (SECRETS["stored"], SECRETS["header"]):
      for more in (fields, fields + given):
        answers.append(self.running.get("/a", f"x-key: {key}\r\n{more}"))
        answers.append(self.running.get(f"/a?x-key={key}&b=1", more))
        answers.append(self.running.get(f"/a?b=1&x%2Dkey={SECRETS['query']}", more))
    return answers

  def test_of_requests_is_in_no_log_and_no_account(self):
    answers = self.requests()
    lines = json.dumps(self.running.log_lines(len(answers)))
    # What a plugin adds under a name that tells nothing of a credential is logged as in Kong, wherever it comes from.
    self.expect_silence(lines, "the access log", besides=("environment",))
    self.expect_silence(self.running.said(), "the node's log")
    for path in ("/status", "/metrics", "/status/ready"):
      self.expect_silence(self.running.status(path)[1], path)
    accounts = [line for answer in answers for line in answer.decode("latin-1").split("\r\n")
                if line.startswith("X-Sluice-Explain")]
    self.assertEqual(len(accounts), len(answers) // 2)
    self.expect_silence("\n".join(accounts), "an account")
    # The upstream got what it should.
    self.assertTrue(any(SECRETS["authorization"] in head for head in self.origin.heads))
    self.assertTrue(any(SECRETS["environment"] in head for head in self.origin.heads))

  def test_of_requests_that_failed_are_in_no_log_either(self):
    secret = SECRETS["query"]
    targets = [f"/a/%zz?x-key={secret}", f"/a/%00?a=1&token={secret}", f"http://user:{secret}@h/a",
               f"/a?x-key={secret}"]
    for target in targets:
      self.running.raw(f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
      for head in ("GET {} HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
                   "GET {} HTTP/1.1\r\nHost: h\r\nbad field: 1\r\n\r\n", "GET {} HTTP/3.0\r\nHost: h\r\n\r\n"):
        self.running.raw(head.format(target).encode())
      self.running.raw(f"TRACE {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    lines = self.running.log_lines(5 * len(targets))
    self.expect_silence(json.dumps(lines), "the access log")
    # The rest of what came is there, once.
    self.assertIn("/a/%zz?x-key=REDACTED", [line["request"].get("uri") for line in lines])
    self.assertIn("/a/%00?a=1&token=REDACTED", [line["request"].get("uri") for line in lines])
    self.assertIn("GET /a?x-key=REDACTED HTTP/1.1", [line["request"].get("line") for line in lines])
    self.assertIn("GET http://REDACTED@h/a HTTP/1.1", [line["request"].get("line") for line in lines])

  def test_of_queries_are_in_no_redirect_that_is_logged(self):
    redirect = {"name": "redirect", "config": {"status_code": 302, "location": "https://other.test/",
                                               "keep_incoming_path": True}}
    only = {"protocols": ["https"], "https_redirect_status_code": 301, "paths": ["/only"], "name": "only"}
    running = self.gateway(service(9, plugins=[redirect]), service(9, name="t", route=only),
                           consumers=[])
    for path in ("/a", "/only"):
      answer = running.get(f"{path}?token={SECRETS['query']}")
      self.assertIn(SECRETS["query"].encode(), answer)  # The client gets it whole.
    lines = running.log_lines(2)
    self.expect_silence(json.dumps(lines), "the access log")
    self.assertIn("REDACTED", lines[0]["response"]["headers"]["location"])

  def test_that_a_plugin_adds_are_logged_nowhere(self):
    add = {"headers": [f"X-Foo-Token:{SECRETS['setting']}"], "querystring": [f"api_key:{SECRETS['setting']}"]}
    running = self.gateway(service(self.origin.port, plugins=[{"name": "request-transformer", "config": {"add": add}}]),
                           consumers=[], gateway={"explain_key": self.key})
    given = f"X-Sluice-Explain: {token(self.key)}\r\n"
    answer = running.get(f"/a?x=1&token={SECRETS['query']}", given)
    account = [line for line in answer.decode("latin-1").split("\r\n") if line.startswith("X-Sluice-Explain")]
    self.assertEqual(len(account), 1)
    self.expect_silence(account[0], "the account")
    line = running.log_lines(1)[0]
    self.expect_silence(json.dumps(line), "the access log")
    self.assertEqual(line["request"]["uri"], "/a?x=1&token=REDACTED")  # What the client sent.

  def test_of_a_file_is_in_no_problem_that_is_reported(self):
    before = self.running.configuration()["reloads_failed"]
    self.entities["consumers"][0]["keyauth_credentials"].append({"key": [SECRETS["stored"]], "tgas": []})
    self.entities["consumers"][0]["basicauth_credentials"] = [{"username": "a", "pasword": SECRETS["stored"]}]
    self.running.write(self.entities, {"explain_key": SECRETS["explain"][:8]})
    self.running.signal(signal.SIGHUP)
    wait_until(lambda: self.running.configuration()["reloads_failed"] > before, "the refused reload")
    self.expect_silence(self.running.status()[1], "/status")
    self.expect_silence(self.running.said(), "the node's log")
    for arguments in (["check"], ["check", "--format", "json"], ["routes"], ["token", "explain"]):
      done = subprocess.run([BINARY, *arguments, self.running.file], capture_output=True, text=True, check=False)
      self.expect_silence(done.stdout + done.stderr, " ".join(arguments))

  def test_of_a_file_is_in_no_explanation(self):
    for form in ("text", "json"):
      for url in ("http://h/a", f"http://h/a?x-key={SECRETS['query']}", f"http://h/a?token={SECRETS['query']}"):
        done = subprocess.run(
            [BINARY, "explain", self.running.file, "GET", url, "--format", form,
             "-H", f"x-key: {SECRETS['stored']}", "-H", f"Cookie: {SECRETS['cookie']}",
             "-H", f"Authorization: Bearer {SECRETS['authorization']}", "-H", f"X-Api-Key: {SECRETS['header']}"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect_silence(done.stdout + done.stderr, url)
    self.assertIn(SECRETS["stored"], pathlib.Path(self.running.file).read_text())


if __name__ == "__main__":
  unittest.main()
