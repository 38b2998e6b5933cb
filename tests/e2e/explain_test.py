"""`sluice explain`, `sluice routes` and `sluice token explain`, and the account that a live request gets."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import unittest

from support import BINARY, GatewayTest, ok, service

KEY = "a key for explain tests"


def b64(data):
  return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(key=KEY, seconds=60, route=""):
  """A token, made without the product."""
  text = f"{int(time.time()) + seconds}.{b64(route.encode())}"
  return f"{text}.{b64(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())}"


def run(*arguments, env=None):
  return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60,
                        env={**os.environ, **(env or {})}, check=False)


def fields_of(answer, name):
  head = answer.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
  return [line.partition(": ")[2] for line in head if line.lower().startswith(name.lower() + ":")]


class WithFile(unittest.TestCase):
  def file(self, entities, name="kong.json"):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    path = os.path.join(folder.name, name)
    with open(path, "w", encoding="utf-8") as file:
      json.dump({"_format_version": "3.0", **entities}, file)
    return path


class ExplainCommandTest(WithFile):
  def setUp(self):
    self.path = self.file({
        "services": [service(9000, plugins=[{"name": "key-auth"}])],
        "consumers": [{"username": "alice", "keyauth_credentials": [{"key": "alices-key"}]}],
    })

  def test_ends_with_0_where_the_request_gets_through(self):
    done = run("explain", self.path, "GET", "http://a.com/x", "-H", "apikey: alices-key")
    self.assertEqual(done.returncode, 0, done.stderr)
    self.assertIn("route s-route (" + self.path, done.stdout)
    self.assertNotIn("alices-key", done.stdout)

  def test_the_answers_fields_are_those_of_a_node(self):
    self.assertEqual(self.answer_fields("apikey: alices-key"), {
        "X-Kong-Upstream-Latency": "<milliseconds>", "X-Kong-Proxy-Latency": "<milliseconds>",
        "Via": "1.1 sluice/0.1.0", "X-Kong-Request-Id": "<request id>",
        "Server": "sluice/0.1.0  (where the upstream has none)"})
    refused = self.answer_fields("apikey: wrong")
    self.assertEqual((refused["X-Kong-Response-Latency"], refused["X-Kong-Request-Id"], refused["Server"]),
                     ("<milliseconds>", "<request id>", "sluice/0.1.0"))
    for headers, left in (([], {}), (["X-Kong-Upstream-Status"], {"X-Kong-Upstream-Status": "<status>"})):
      self.path = self.file({"services": [service(9000)], "gateway": {"headers": headers}})
      self.assertEqual(self.answer_fields("A: b"), left)

  def answer_fields(self, field):
    said = run("explain", self.path, "GET", "http://a.com/x", "-H", field).stdout
    lines = said.split("\nanswer: ")[1].split("\n\n")[0].splitlines()[1:]
    return dict(line.strip().split(": ", 1) for line in lines)

  def test_ends_with_1_where_the_request_is_refused(self):
    done = run("explain", self.path, "GET", "http://a.com/x")
    self.assertEqual(done.returncode, 1)
    self.assertIn("answer: 401 by a plugin", done.stdout)

  def test_ends_with_1_where_nothing_matches(self):
    path = self.file({"services": [service(9000, route={"hosts": ["a.com"]})]})
    done = run("explain", path, "GET", "http://b.com/x")
    self.assertEqual(done.returncode, 1)
    self.assertIn("no route matches", done.stdout)
    self.assertIn("host: wants a.com, the request has b.com", done.stdout)
    self.assertIn("no Route matched with those values", done.stdout)

  def test_ends_with_2_for_a_wrong_file_or_wrong_arguments(self):
    wrong = self.file({"services": [{"name": "s"}]})
    cases = [
        (("explain", wrong, "GET", "/"), "field \"host\" or \"url\" is required"),
        (("explain", self.path, "GET", "ftp://a"), "must begin with http://"),
        (("explain", self.path, "G T", "/"), "the method must be a word"),
        (("explain", self.path, "GET", "/", "-H", "no colon"), "-H 'Name: value'"),
        (("explain", self.path, "GET", "/", "-H", "A: b\r\nC: d"), "control characters"),
        (("explain", self.path, "GET", "/", "--from", "nowhere"), "--from must be an IP address"),
        (("explain", self.path, "GET", "http://u:swordfish@h/"), "the URL must not hold a user's name or password"),
        (("explain", self.path, "GET", "/", "--listener", "1.2.3.4:5"),
         "--listener must be an address of gateway.listeners, got \"1.2.3.4:5\""),
        (("explain", self.path, "GET", "/", "--sni", "a.com"), "--sni needs"),
        (("token", "explain"), "give either FILE"),
        (("token", "explain", self.path), "no gateway.explain_key"),
        (("token", "explain", self.path, "--for", "10"), "--for must be"),
        (("token", "explain", self.path, "--for", "32d"), "at most 31d"),
    ]
    for arguments, message in cases:
      done = run(*arguments)
      self.assertEqual(done.returncode, 2, arguments)
      self.assertIn(message, done.stderr)

  def test_a_route_for_https_alone_says_so(self):
    for code, status, ends in ((426, 426, 1), (301, 301, 0)):
      route = {"protocols": ["https"], "https_redirect_status_code": code}
      path = self.file({"services": [service(9000, route=route)]})
      done = run("explain", path, "GET", "http://a.com/x")
      self.assertIn(f"answer: {status} by a plugin", done.stdout)
      self.assertEqual(done.returncode, ends)
      self.assertEqual(run("explain", path, "GET", "https://a.com/x").returncode, 0)

  def test_protocols_are_a_condition_under_the_flavor_of_expressions(self):
    for protocols, wrong, told in ((["http"], "https://a.com/x", "http"), (["grpc"], "https://a.com/x", "http"),
                                   (["grpcs"], "http://a.com/x", "https")):
      with self.subTest(protocols):
        text = {"gateway": {"router_flavor": "expressions"},
                "services": [service(9000, route={"protocols": protocols, "strip_path": False})]}
        done = run("explain", self.file(text), "GET", wrong)
        self.assertIn("no Route matched", done.stdout)
        self.assertIn(told, done.stdout)
        text["gateway"]["router_flavor"] = "traditional_compatible"
        self.assertNotIn("no Route matched", run("explain", self.file(text), "GET", wrong).stdout)

  def test_json_is_json_whatever_a_request_holds(self):
    done = run("explain", self.path, "GET", "http://a.com/%ff?\"=1", "-H", "X-Odd: \"\\\u00e9",
               "-H", "apikey: alices-key", "--format", "json")
    told = json.loads(done.stdout)
    self.assertEqual(told["route"]["name"], "s-route")
    self.assertEqual(told["plugins"][0]["plugin"], "key-auth")
    self.assertEqual(told["consumer"], "alice")

  def test_help_names_arguments_and_exit_codes(self):
    done = run("explain", "--help")
    self.assertEqual(done.returncode, 0)
    for word in ("FILE", "METHOD", "URL", "--sni", "--from", "--format", "Ends with 0"):
      self.assertIn(word, done.stdout)


class RoutesCommandTest(WithFile):
  def test_lists_routes_in_order_and_those_that_can_never_match(self):
    path = self.file({"routes": [
        {"name": "short", "paths": ["/a"]},
        {"name": "long", "paths": ["/a/b"]},
        {"name": "first", "id": "ffffffff-0000-4000-8000-000000000000", "paths": ["/c"]},
        {"name": "never", "id": "00000000-0000-4000-8000-000000000000", "paths": ["/c"]},
    ]})
    done = run("routes", path)
    self.assertEqual(done.returncode, 0, done.stderr)
    lines = done.stdout.splitlines()
    self.assertEqual([line.split()[1] for line in lines[1:5]], ["long", "first", "short", "never"])
    self.assertIn("never with the path /c can never match: route first", done.stdout)

    told = json.loads(run("routes", path, "--format", "json").stdout)["routes"]
    self.assertEqual([route["never_matches"] for route in told], [False, False, False, True])

    checked = run("check", path)
    self.assertEqual(checked.returncode, 0)
    self.assertIn("warning: can never match: route \"first\"", checked.stderr)


class LiveExplainTest(GatewayTest):
  def setUp(self):
    self.origin = self.upstream(lambda head, _: ok(fields=b"X-From: origin\r\n"))
    self.running = self.gateway(
        service(self.origin.port, name="orders", route={"paths": ["/orders"]},
                plugins=[{"name": "key-auth"}]),
        service(self.origin.port, name="open", route={"paths": ["/open"]}),
        consumers=[{"username": "alice", "keyauth_credentials": [{"key": "alices-key"}]}],
        gateway={"explain_key": KEY})

  def ask(self, path, given, fields="", method="GET"):
    line = f"X-Sluice-Explain: {given}\r\n" if given is not None else ""
    return self.running.get(path, line + fields, method)

  def account(self, answer):
    found = fields_of(answer, "X-Sluice-Explain")
    self.assertEqual(len(found), 1, answer)
    self.assertLessEqual(len(found[0]), 2048)
    return json.loads(found[0])

  def test_a_good_token_gets_an_account(self):
    told = self.account(self.ask("/orders/7?apikey=alices-key", token()))
    self.assertEqual(told["route"]["name"], "orders-route")
    self.assertEqual(told["path"], "/orders/7")
    self.assertEqual(told["matched"], "/orders")
    self.assertEqual(told["answered_by"], "upstream")
    self.assertEqual(told["consumer"], "alice")
    self.assertEqual([(step["name"], step["scope"], step["outcome"]) for step in told["plugins"]],
                     [("key-auth", "service", "passed on")])
    self.assertEqual(told["upstream"]["target"], "/7?apikey=REDACTED")
    self.assertEqual(told["upstream"]["status"], 200)
    self.assertEqual(told["upstream"]["tries"], [f"127.0.0.1:{self.origin.port}"])
    self.assertEqual(told["fields"]["X-Forwarded-Prefix"], "/orders")
    self.assertIsNone(told["fields"]["X-Consumer-Username"])

  def test_answers_of_plugins_and_of_the_gateway_have_it_too(self):
    told = self.account(self.ask("/orders", token()))
    self.assertEqual(told["answered_by"], "plugin")
    self.assertEqual(told["plugins"][0]["outcome"], "answered")
    told = self.account(self.ask("/nothing", token()))
    self.assertIsNone(told["route"])
    self.assertEqual(told["error"], "no_route")
    self.assertEqual({each["field"] for each in told["rejected"]}, {"path"})
    self.assertEqual(self.account(self.ask("/open", token(), method="HEAD"))["answered_by"], "upstream")

  def test_a_token_for_a_route_is_good_for_that_route_only(self):
    self.account(self.ask("/open", token(route="open-route")))
    answer = self.ask("/open", token(route="orders-route"))
    self.assertEqual(fields_of(answer, "X-Sluice-Explain"), [])
    answer = self.ask("/nothing", token(route="open-route"))
    self.assertEqual(fields_of(answer, "X-Sluice-Explain"), [])

  def test_a_bad_token_changes_nothing_and_reaches_nobody(self):
    def without_changing(answer):
      return [line for line in answer.split(b"\r\n") if not line.startswith((b"Date", b"X-Kong-"))]

    plain = without_changing(self.ask("/open", None))
    good = token()
    expiry, route, signature = good.split(".")
    other = "B" if signature[0] == "A" else "A"
    for bad in ("", "x", "..", token(key="another key of explain"), token(seconds=-1), f"{expiry}9.{route}.{signature}",
                f"{expiry}.b3BlbnJvdXRl.{signature}", f"{expiry}.{route}.{other}{signature[1:]}", good + "A",
                "A" * 5000,
                f"{good}\r\nX-Sluice-Explain: {good}"):
      answer = self.ask("/open", bad)
      self.assertEqual(without_changing(answer), plain, bad)
    for head in self.origin.heads:
      self.assertNotIn("x-sluice-explain", head.lower())

  def test_the_token_is_in_no_log(self):
    given = token()
    self.ask("/orders?apikey=alices-key", given)
    self.ask("/nothing", given)
    self.running.log_lines(2)
    with open(self.running.log, encoding="utf-8") as file:
      log = file.read().lower()
    self.assertNotIn("x-sluice-explain", log)
    self.assertNotIn(given.lower(), log)

  def test_printed_tokens_are_those_of_the_form(self):
    printed = run("token", "explain", self.running.file, "--for", "1h", "--route", "open-route")
    self.assertEqual(printed.returncode, 0, printed.stderr)
    made = printed.stdout.strip()
    expiry, route, signature = made.split(".")
    self.assertAlmostEqual(int(expiry), time.time() + 3600, delta=60)
    self.assertEqual(route, b64(b"open-route"))
    expected = hmac.new(KEY.encode(), f"{expiry}.{route}".encode(), hashlib.sha256).digest()
    self.assertEqual(signature, b64(expected))
    self.account(self.ask("/open", made))

    by_variable = run("token", "explain", "--key-env", "EXPLAIN_KEY", env={"EXPLAIN_KEY": KEY})
    self.account(self.ask("/open", by_variable.stdout.strip()))
    self.assertEqual(run("token", "explain", self.running.file, "--route", "nobody").returncode, 2)

  def test_a_long_account_is_cut_at_whole_parts(self):
    fields = "".join(f"X-Long-{i}: {'v' * 180}\r\n" for i in range(30))
    told = self.account(self.ask("/open/" + "%C3%B8" * 300, token(), fields))
    self.assertIn("fields", told["left_out"])
    self.assertTrue(told["path"].startswith("/open/\u00f8"))
    self.assertEqual(told["route"]["name"], "open-route")

  def test_without_a_key_the_field_is_removed_and_nothing_else(self):
    self.running.reload({"services": [service(self.origin.port)]}, {"explain_key": None})
    answer = self.ask("/", token())
    self.assertIn(b"200 OK", answer)
    self.assertEqual(fields_of(answer, "X-Sluice-Explain"), [])
    self.assertNotIn("x-sluice-explain", self.origin.heads[-1].lower())


if __name__ == "__main__":
  unittest.main()
