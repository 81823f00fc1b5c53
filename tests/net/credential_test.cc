#include "net/credential.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace cutover::net {
namespace {

class Folder {
 public:
  Folder() {
    std::array<char, 40> pattern{"/tmp/cutover_credential_XXXXXX"};
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern.data();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const std::string& name, const std::string& text, mode_t mode) const {
    const auto file = path_ / name;
    std::ofstream(file) << text;
    REQUIRE(chmod(file.c_str(), mode) == 0);
    return file.string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST_CASE("a secret from a variable, a file named by a variable, or a file") {
  const Folder folder;
  folder.write("key", "  s3cret\n", 0600);
  const auto absolute = folder.write("read-only", "s3cret", 0400);
  const auto read = [&](const std::string& reference) {
    const auto secret = read_credential(reference, folder.path());
    return secret ? secret->reveal() : secret.error().message;
  };
  CHECK(read("file/key") == "s3cret");
  CHECK(read("file/./key") == "s3cret");
  CHECK(read("file/" + absolute) == "s3cret");
  {
    const Variable variable("CUTOVER_TEST_KEY", "s3cret\n");
    CHECK(read("env/CUTOVER_TEST_KEY") == "s3cret");
  }
  {
    const Variable variable("CUTOVER_TEST_KEY_FILE", "key");
    CHECK(read("env/CUTOVER_TEST_KEY") == "s3cret");
  }
  {
    const Variable variable("CUTOVER_TEST_KEY_FILE", absolute);
    CHECK(read("env/CUTOVER_TEST_KEY") == "s3cret");
  }
}

TEST_CASE("files that others can read or write are refused, with the command that mends it") {
  const Folder folder;
  for (const mode_t mode : {0640U, 0604U, 0644U, 0620U, 0602U, 0666U}) {
    const auto file = folder.write("key", "s3cret", mode);
    const auto secret = read_credential("file/key", folder.path());
    REQUIRE_FALSE(secret);
    CHECK(secret.error().code == ErrorCode::kAuth);
    CHECK_THAT(secret.error().message, Catch::Contains("chmod 600 " + file));
  }
}

TEST_CASE("what cannot be used says why and never what it holds") {
  const Folder folder;
  const auto key = folder.write("key", "s3cret", 0600);
  folder.write("empty", "\n", 0600);
  folder.write("huge", std::string(100'000, 's'), 0600);
  REQUIRE(mkfifo((folder.path() + "/pipe").c_str(), 0600) == 0);
  const Variable path("CUTOVER_TEST_PATH", key);
  const Variable nothing("CUTOVER_TEST_EMPTY", " ");
  const Variable both("CUTOVER_TEST_BOTH", "s3cret");
  const Variable both_file("CUTOVER_TEST_BOTH_FILE", key);
  struct Row {
    std::string reference;
    ErrorCode code;
    std::string says;
  };
  const std::vector<Row> rows{
      {"s3cret", ErrorCode::kUsage, "env/NAME or file/PATH"},
      {"", ErrorCode::kUsage, "env/NAME or file/PATH"},
      {"file/", ErrorCode::kUsage, "env/NAME or file/PATH"},
      {"env/", ErrorCode::kUsage, "environment variable"},
      {"env/s3cret=x", ErrorCode::kUsage, "environment variable"},
      {"env/CUTOVER_TEST_UNSET", ErrorCode::kNotFound, "neither CUTOVER_TEST_UNSET nor CUTOVER_TEST_UNSET_FILE"},
      {"env/CUTOVER_TEST_EMPTY", ErrorCode::kInvalid, "is empty"},
      {"env/CUTOVER_TEST_PATH", ErrorCode::kUsage, "write file/PATH"},
      {"env/CUTOVER_TEST_BOTH", ErrorCode::kUsage, "unset one"},
      {"file/absent", ErrorCode::kNotFound, "No such file"},
      {"file/empty", ErrorCode::kInvalid, "is empty"},
      {"file/huge", ErrorCode::kInvalid, "64 KB"},
      {"file/pipe", ErrorCode::kInvalid, "regular file"},
      {"file/.", ErrorCode::kInvalid, "regular file"},
  };
  for (const auto& row : rows) {
    INFO(row.reference);
    const auto secret = read_credential(row.reference, folder.path());
    REQUIRE_FALSE(secret);
    CHECK(secret.error().code == row.code);
    CHECK_THAT(secret.error().message, Catch::Contains(row.says) && !Catch::Contains("s3cret"));
  }
}

}  // namespace
}  // namespace cutover::net
