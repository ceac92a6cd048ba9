#include "random_seed.hpp"

#include <sys/random.h>

#include <chrono>

#include "constformer/core/random.hpp"

namespace constformer::serve {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) == static_cast<::ssize_t>(sizeof seed)) return seed;
  return mix_seed(static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()));
}

}  // namespace constformer::serve
