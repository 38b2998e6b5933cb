// The node's own log: who waits for it, and what of it is in the file when.

#include "base/log.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::log {
namespace {

class Log : public testing::Test {
 protected:
  Log() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-log-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "log";
  }

  ~Log() override {
    end_background();
    open("/dev/stderr", Level::info);
    std::filesystem::remove_all(folder_);
  }

  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(Log, WritesAtOnceWithoutItsThread) {
  ASSERT_TRUE(open(path_, Level::info));
  info("a first line");
  EXPECT_NE(text().find("a first line"), std::string::npos);
}

TEST_F(Log, KeepsTheOrderAndWritesAllAtItsEnd) {
  ASSERT_TRUE(open(path_, Level::info));
  begin_background();
  for (int i = 0; i < 1000; ++i)
    info("line " + std::to_string(i) + ".");
  end_background();
  const std::string written = text();
  std::size_t at = 0;
  for (int i = 0; i < 1000; ++i) {
    at = written.find("line " + std::to_string(i) + ".", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(Log, LetsNobodyWaitForAReaderAndTellsWhatWasDropped) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_TRUE(open(path_, Level::info));
  begin_background();
  const auto begin = std::chrono::steady_clock::now();
  // More than the pipe and the queue hold.
  for (int i = 0; i < 20'000; ++i)
    info("line " + std::to_string(i) + std::string(100, '.'));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));

  std::string read;
  std::array<char, 65'536> piece;
  std::thread ending([] { end_background(); });
  while (read.find("lines of this log were dropped") == std::string::npos) {
    pollfd ready{reader, POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
    const ssize_t size = ::read(reader, piece.data(), piece.size());
    ASSERT_GT(size, 0);
    read.append(piece.data(), static_cast<std::size_t>(size));
  }
  EXPECT_NE(read.find("line 0."), std::string::npos);
  EXPECT_EQ(read.find("line 19999."), std::string::npos);
  ending.join();
  ::close(reader);
}

TEST_F(Log, IsWrittenBeforeAFatalSignalEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        open("/dev/stderr", Level::info);
        begin_background();
        error("what was said last");
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "what was said last");
}

}  // namespace
}  // namespace sluice::log
