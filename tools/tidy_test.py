#!/usr/bin/env python3
"""Tests of tidy.py: each rule finds what it is for, and leaves alone what looks like it."""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tidy


class TidyTest(unittest.TestCase):
  """Each test writes a small repository and looks at the findings."""

  def setUp(self):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name)

  def write(self, path, text):
    file = self.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")

  def source(self, path, *lines):
    """A C++ file that opens as it must, with further lines from line 3 on (headers) or 2 on."""
    opening = ["#pragma once", "// For a test."] if path.endswith(".h") else ["// For a test."]
    self.write(path, "\n".join([*opening, *lines]) + "\n")

  def findings(self):
    return [str(finding) for finding in tidy.findings(self.root)[0]]

  def assert_clean(self):
    self.assertEqual(self.findings(), [])

  def assert_found(self, *starts):
    """Exactly these findings, each told by its beginning."""
    found = self.findings()
    self.assertEqual(len(found), len(starts), found)
    for finding, start in zip(found, starts):
      self.assertTrue(finding.startswith(start), finding)


class Arrows(TidyTest):
  def test_a_folder_includes_itself_and_those_below(self):
    self.source("src/base/error.h")
    self.source("src/http/uri.h")
    self.source("src/http/uri.cc", '#include "base/error.h"', '#include "http/uri.h"')
    self.assert_clean()

  def test_a_folder_does_not_include_those_above(self):
    self.source("src/gateway/exchange.h")
    self.source("src/http/uri.cc", "", '#include "gateway/exchange.h"')
    self.assert_found("src/http/uri.cc:3: http must not include gateway: it may include base, runtime")

  def test_config_is_open_from_state_on_and_knows_only_base(self):
    self.source("src/base/error.h")
    self.source("src/config/model.h", '#include "base/error.h"')
    self.source("src/state/counters.cc", '#include "config/model.h"')
    self.assert_clean()

    self.source("src/runtime/loop.h", '#include "config/model.h"')
    self.source("src/config/loader.cc", '#include "runtime/loop.h"')
    self.assert_found("src/config/loader.cc:2: config must not include runtime",
                      "src/runtime/loop.h:3: runtime must not include config")

  def test_the_tops_do_not_know_each_other_and_main_knows_all(self):
    self.source("src/store/store.h")
    self.source("src/admin/admin.h")
    self.source("src/main.cc", '#include "admin/admin.h"', '#include "store/store.h"')
    self.assert_clean()

    self.source("src/admin/routes.cc", '#include "store/store.h"')
    self.assert_found("src/admin/routes.cc:2: admin must not include store")

  def test_a_new_folder_needs_a_row(self):
    self.source("src/utils/strings.h")
    self.assert_found("src/utils/strings.h:1: src/utils is in no row")

  def test_includes_are_by_path_from_src(self):
    self.source("src/base/error.h")
    self.source("src/base/error.cc", '#include "error.h"')
    self.assert_found('src/base/error.cc:2: "error.h" is no file of src/')

  def test_a_test_may_use_the_support_of_tests(self):
    self.source("tests/support/run.h")
    self.source("src/base/error_test.cc", '#include "support/run.h"')
    self.assert_clean()

    self.source("src/base/error.cc", '#include "support/run.h"')
    self.assert_found('src/base/error.cc:2: "support/run.h" is no file of src/')

  def test_an_include_in_a_comment_is_none(self):
    self.source("src/base/error.h", '// #include "gateway/x.h"', '/* #include "gateway/x.h" */')
    self.assert_clean()

  def test_only_tls_sees_the_ssl_api(self):
    self.source("src/tls/stream.cc", "#include <openssl/ssl.h>")
    self.source("src/http/uri.cc", "#include <openssl/ssl.h>")
    self.assert_found("src/http/uri.cc:2: <openssl/ssl.h> is not used here: only src/tls")


class Lengths(TidyTest):
  def test_files_have_at_most_500_lines(self):
    self.source("src/base/a.cc", *["int x;"] * 499)
    self.assert_clean()

    self.source("src/base/a.cc", *["int x;"] * 500)
    self.assert_found("src/base/a.cc:501: the file has 501 lines, at most 500")

  def test_lines_have_at_most_120_columns_counted_in_characters(self):
    self.source("src/base/a.cc", "// " + "§" * 117)
    self.write("tools/a.py", '"""For a test."""\n# ' + "x" * 118 + "\n")
    self.write("docs/long.md", "x" * 200 + "\n")
    self.assert_clean()

    self.source("src/base/a.cc", "// " + "§" * 118)
    self.write("tools/a.py", '"""For a test."""\n# ' + "x" * 119 + "\n")
    self.write("run.sh", "#!/bin/sh\n# For a test.\necho " + "x" * 116 + "\n")
    self.assert_found("run.sh:3: the line has 121 columns", "src/base/a.cc:2: the line has 121 columns",
                      "tools/a.py:2: the line has 121 columns")


class Openings(TidyTest):
  def test_each_file_says_what_it_is_for(self):
    self.write("src/base/a.h", "#pragma once\n\n#include <string>\n")
    self.write("src/base/b.h", "// For a test.\n#pragma once\n")
    self.write("src/base/c.cc", "#include <string>\n")
    self.write("d.py", "import sys\n")
    self.write("e", "#!/bin/sh\necho\n")
    self.assert_found("d.py:1: the file opens with", "e:1: the file opens with",
                      "src/base/a.h:1: the file opens with", "src/base/b.h:1: a header begins with #pragma",
                      "src/base/c.cc:1: the file opens with")

  def test_scripts_open_after_their_first_line(self):
    self.write("a", "#!/usr/bin/env bash\n# For a test.\n")
    self.write("b", '#!/usr/bin/env python3\n"""For a test."""\n')
    self.assert_clean()

  def test_a_source_may_leave_it_to_its_header(self):
    self.source("src/base/a.h")
    self.write("src/base/a.cc", '#include "base/a.h"\n')
    self.assert_clean()

    self.write("src/base/b.cc", '#include "base/a.h"\n')
    self.assert_found("src/base/b.cc:1: the file opens with")


class BannedWords(TidyTest):
  def test_time_is_only_in_runtime_and_in_tests(self):
    line = "auto now = std::chrono::steady_clock::now();"
    self.source("src/runtime/clock.cc", line)
    self.source("src/http/uri_test.cc", line)
    self.source("bench/load.cc", line)
    self.assert_clean()

    self.source("src/http/uri.cc", line, "auto b = system_clock::now();", "auto c = ::time(nullptr);",
                "auto d = std::time(nullptr);")
    self.assert_found(*(f"src/http/uri.cc:{number}: " for number in (2, 3, 4, 5)))
    self.assertIn("the loop's clock", self.findings()[0])

  def test_a_time_of_ones_own_is_allowed(self):
    self.source("src/http/uri.cc", "using TimePoint = std::chrono::steady_clock::time_point;",
                "auto a = clock.time();", "auto b = Entry::time(1);")
    self.assert_clean()

  def test_chance_is_only_in_runtime(self):
    self.source("src/runtime/random.cc", "getrandom(bytes, 8, 0);")
    self.source("src/plugins/catalog.cc", "std::random_device device;", "getrandom(bytes, 8, 0);")
    self.assert_found("src/plugins/catalog.cc:2: std::random_device", "src/plugins/catalog.cc:3: getrandom")

  def test_descriptors_are_only_in_runtime_and_where_files_are_read(self):
    lines = ("int a = ::socket(1, 2, 3);", "::close(a);", "epoll_wait(1, events, 2, 3);")
    for folder in ("runtime", "telemetry", "config"):
      self.source(f"src/{folder}/a.cc", *lines)
    self.source("src/main.cc", *lines)
    self.assert_clean()

    self.source("src/upstream/pool.cc", *lines)
    self.assert_found("src/upstream/pool.cc:2: ::socket", "src/upstream/pool.cc:3: ::close",
                      "src/upstream/pool.cc:4: epoll_wait")

  def test_methods_named_like_system_calls_are_allowed(self):
    self.source("src/upstream/pool.cc", "stream.close();", "stream->read();", "Stream::open(1);",
                "co_await body.write(x);", "Pool::Stream::connect(1);")
    self.assert_clean()

  def test_std_function_costs_too_much_on_the_path_of_traffic(self):
    self.source("src/state/a.cc", "std::function<void()> f;")
    self.source("src/gateway/a_test.cc", "std::function<void()> f;")
    self.source("src/gateway/a.cc", "std::move_only_function<void()> f;")
    self.assert_clean()

    self.source("src/http/a.cc", "std::function<void()> f;")
    self.source("src/gateway/a.cc", "std::function<void()> f;")
    self.assert_found("src/gateway/a.cc:2: std::function", "src/http/a.cc:2: std::function")

  def test_nobody_sleeps_not_even_tests(self):
    self.source("src/http/a_test.cc", "std::this_thread::sleep_for(1s);", "usleep(1);")
    self.source("tests/e2e/a.cc", "nanosleep(&a, &b);")
    self.assert_found("src/http/a_test.cc:2: ", "src/http/a_test.cc:3: usleep", "tests/e2e/a.cc:2: nanosleep")

  def test_the_timer_of_the_loop_is_no_sleep(self):
    self.source("src/http/a.cc", "co_await loop.sleep_for(1s);", "co_await loop.sleep_until(t);")
    self.assert_clean()

  def test_numbers_are_read_with_from_chars(self):
    self.source("src/base/a.cc", "atoi(text);", "std::stoi(text);", "strtol(text, nullptr, 10);")
    self.assert_found("src/base/a.cc:2: atoi", "src/base/a.cc:3: std::stoi", "src/base/a.cc:4: strtol")

  def test_plugins_keep_nothing_mutable(self):
    self.source("src/plugins/catalog.h", "mutable int count_;")
    self.source("src/state/a.h", "mutable int count_;")
    self.assert_found("src/plugins/catalog.h:3: mutable")

  def test_comments_and_texts_are_not_code(self):
    self.source("src/http/a.cc", "// usleep and std::function", 'auto a = "usleep(1)";', "/* atoi", "atoi */",
                'auto b = R"x(atoi(")x";', "auto c = '\"'; auto d = 1'000; // usleep", r'auto e = "\"atoi";')
    self.assert_clean()

    self.source("src/http/a.cc", 'auto b = R"x(', ')x"; atoi(b);', "auto c = '\"'; usleep(1);")
    self.assert_found("src/http/a.cc:3: atoi", "src/http/a.cc:4: usleep")

  def test_open_ends_belong_into_an_issue(self):
    self.source("src/base/a.cc", "// " + "TO" + "DO: more", "mkdtemp(\"/tmp/XX" + "XXXX\");")
    self.write("b.py", '"""For a test."""\n# ' + "FIX" + "ME\n")
    self.assert_found("b.py:2: FIX", "src/base/a.cc:2: TO")

  def test_nothing_refers_to_places_outside(self):
    self.write("README.md", "See .." + "/shared/design and /" + "work/main.\n")
    self.write("conf.yaml", "path: /" + "work/x\nother: ./work/x\n")
    self.assert_found("README.md:1: .." + "/shared", "conf.yaml:1: /" + "work/")


class Lambdas(TidyTest):
  def test_a_lambda_coroutine_captures_nothing(self):
    self.source("src/http/a.cc", "auto f = [&](int (*x)(int)) -> Task<Done> {", "  co_return Done{};", "};")
    self.assert_found("src/http/a.cc:2: a coroutine lambda captures nothing")

  def test_what_looks_like_one_is_allowed(self):
    self.source("src/http/a.cc",
                "auto a = [](Stream& s) -> Task<Done> { co_await s.read(); };",
                "Task<Done> b() { auto c = [&](int d) { return d; }; co_await d(c(1)); }",
                "Task<Done> e() { if (table[index]) { co_return Done{}; } }",
                "[[nodiscard]] Task<Done> f() { co_return Done{}; }",
                "auto g = [&] { return [](int h) -> Task<Done> { co_return Done{}; }; };")
    self.source("src/http/a_test.cc", "run([&]() -> Task<Done> { co_return Done{}; });")
    self.assert_clean()


class Plugins(TidyTest):
  def test_a_plugin_has_a_test_and_a_line_in_the_catalog(self):
    self.source("src/plugins/rate_limiting.cc")
    self.assert_found("src/plugins/rate_limiting.cc:1: the plugin has no test",
                      "src/plugins/rate_limiting.cc:1: the plugin rate_limiting has no line")

    self.source("src/plugins/rate_limiting_test.cc")
    self.source("src/plugins/catalog.cc", 'add("rate-limiting");')
    self.assert_clean()

  def test_a_plugin_includes_no_other(self):
    self.source("src/plugins/catalog.h")
    self.source("src/plugins/catalog.cc", '#include "plugins/a.h"', "a", "b")
    for name in ("a", "b"):
      self.source(f"src/plugins/{name}.h")
      self.source(f"src/plugins/{name}_test.cc", f'#include "plugins/{name}.h"')
      self.source(f"src/plugins/{name}.cc", f'#include "plugins/{name}.h"', '#include "plugins/catalog.h"')
    self.assert_clean()

    self.source("src/plugins/b.cc", '#include "plugins/a.h"')
    self.assert_found("src/plugins/b.cc:2: a plugin includes no other plugin")


class Links(TidyTest):
  def test_links_lead_somewhere(self):
    self.write("docs/guide.md",
               "# The `guide`: part 1\n\n[a](../README.md) [b](https://x.org/y) [c](#the-guide-part-1)\n"
               "`[d](none)`\n```\n[e](none)\n```\n[f](../docs)\n")
    self.write("README.md", "[g](docs/guide.md#the-guide-part-1)\n\n[h]: docs/guide.md\n")
    self.assert_clean()

    self.write("README.md", "\n[a](docs/none.md) [b](docs/guide.md#none)\n\n[c]: none.md\n")
    self.assert_found("README.md:2: docs/guide.md has no heading #none",
                      "README.md:2: the link leads nowhere: docs/none.md",
                      "README.md:4: the link leads nowhere: none.md")

  def test_the_architecture_names_what_exists(self):
    self.source("src/gateway/gateway.cc", "Task<Done> Gateway::respond(Exchange& exchange) {}",
                "void pass() {}")
    self.write("ARCHITECTURE.md",
               "`gateway.cc: Gateway::respond`, `src/gateway/gateway.cc: respond(), pass`\n")
    self.assert_clean()

    self.write("ARCHITECTURE.md", "`gateway.cc: answer`\n`proxy.cc: pass`, `gateway.cc: Proxy::pass`\n")
    self.assert_found("ARCHITECTURE.md:1: gateway.cc has no answer",
                      "ARCHITECTURE.md:2: gateway.cc has no Proxy::pass",
                      "ARCHITECTURE.md:2: there is no file proxy.cc")


class Command(TidyTest):
  def run_main(self):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
      code = tidy.main([str(self.root)])
    return code, output.getvalue().splitlines()

  def test_it_ends_with_a_count_and_1_when_something_was_found(self):
    self.source("src/base/a.cc")
    self.assertEqual(self.run_main(), (0, ["tidy: 0 findings in 1 files"]))

    self.source("src/base/a.cc", "usleep(1);")
    code, lines = self.run_main()
    self.assertEqual((code, len(lines), lines[-1]), (1, 2, "tidy: 1 findings in 1 files"))

  def test_in_a_git_repository_ignored_files_are_not_read(self):
    self.source("src/base/a.cc")
    self.source("out/b.cc", "usleep(1);")
    self.write(".gitignore", "/out/\n")
    subprocess.run(["git", "init", "-q", str(self.root)], check=True)
    self.assert_clean()


if __name__ == "__main__":
  sys.exit(unittest.main())
