#include "text/jinja/heap.hpp"

#include "constformer/core/error.hpp"

namespace constformer::jinja {

void heap::charge(std::size_t bytes) {
  if (bytes > left_) throw error("chat template: it makes more values than a rendering may hold");
  left_ -= bytes;
}

}  // namespace constformer::jinja
