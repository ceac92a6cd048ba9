#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace constformer::serve {

/// Lets text through up to the first of some stop strings, of which not a byte comes out; holds back what may be the
/// beginning of one. Without stop strings everything passes.
class stop_text {
 public:
  /// None of them is empty.
  explicit stop_text(std::vector<std::string> stops);

  /// What may be printed after `text` has come; valid until the next call.
  std::string_view push(std::string_view text);

  /// What was held back, when nothing more comes.
  std::string_view flush();

  /// A stop string has come; all further text is dropped.
  [[nodiscard]] bool stopped() const { return stopped_; }

  /// Which one; empty: none has.
  [[nodiscard]] std::string_view which() const { return which_; }

 private:
  [[nodiscard]] std::size_t begin_of_stop();
  [[nodiscard]] std::size_t begin_of_half() const;
  std::string_view let_out(std::size_t bytes);

  std::vector<std::string> stops_;
  std::string held_;
  std::string out_;
  bool stopped_ = false;
  std::string_view which_;
};

}  // namespace constformer::serve
