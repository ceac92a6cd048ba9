#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace constformer::serve {

/// What the beginning of an object says of the call that it may be.
struct call_head {
  enum class kind : std::uint8_t {
    open,   ///< more must come
    whole,  ///< only the whole object can tell
    call,   ///< `name` is known, and an object of arguments begins at `at`
    never,  ///< it has a member that calls do not have
  };
  kind what = kind::open;
  std::string name{};
  std::size_t at = 0;
};

/// `object` begins with a bracket. Members of calls are name or function, arguments or parameters, type and id.
[[nodiscard]] call_head read_call_head(std::string_view object);

}  // namespace constformer::serve
