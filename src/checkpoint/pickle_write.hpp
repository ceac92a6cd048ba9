#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace constformer {

/// Writes a Python pickle (protocol 2) value by value: what torch.load takes with weights_only.
class pickle_writer {
 public:
  /// @{ One value.
  void none() { out_ += 'N'; }
  void flag(bool value) { out_ += value ? '\x88' : '\x89'; }
  void integer(std::int64_t value);
  void real(double value);
  void text(std::string_view value);
  void bytes(std::string_view value);
  /// @}
  /// A class or function: calls of `reduce` take it.
  void global(std::string_view module, std::string_view name);

  /// @{ Between the two stand items; of a dict keys and values in turn.
  void begin_dict() { out_ += "}("; }
  void end_dict() { out_ += 'u'; }
  void begin_list() { out_ += "]("; }
  void end_list() { out_ += 'e'; }
  void begin_tuple() { out_ += '('; }
  void end_tuple() { out_ += 't'; }
  /// @}

  /// The last value, a tuple, becomes a persistent reference.
  void refer() { out_ += 'Q'; }
  /// The last two values, a global and a tuple of arguments, become what the call gives.
  void reduce() { out_ += 'R'; }

  /// The last two values, a class and a tuple of arguments, become an object; then the last, a state, is given to it.
  void make() { out_ += '\x81'; }
  void set_state() { out_ += 'b'; }

  /// All of it, whose last value is the pickle's.
  [[nodiscard]] std::string finish() { return out_ + '.'; }

 private:
  std::string out_{"\x80\x02"};
};

}  // namespace constformer
