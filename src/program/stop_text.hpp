#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace constformer::program {

/// Lets text through up to the first of some stop strings, of which not a byte comes out; holds back what may be the
/// beginning of one. Without stop strings everything passes.
class stop_text {
 public:
  /// Throws `usage_error` if one of them is empty or not UTF-8.
  explicit stop_text(std::vector<std::string> stops);

  /// What may be printed after `text` has come; valid until the next call.
  std::string_view push(std::string_view text);

  /// What was held back, when nothing more comes.
  std::string_view flush();

  /// A stop string has come; all further text is dropped.
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  [[nodiscard]] std::size_t begin_of_stop() const;
  [[nodiscard]] std::size_t begin_of_half() const;
  std::string_view let_out(std::size_t bytes);

  std::vector<std::string> stops_;
  std::string held_;
  std::string out_;
  bool stopped_ = false;
};

}  // namespace constformer::program
