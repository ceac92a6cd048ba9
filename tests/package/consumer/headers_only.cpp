#include <cstdio>

#include <hwy/highway.h>
#include <range/v3/view/iota.hpp>

#include "constformer/config/config.hpp"
#include "constformer/core/check.hpp"
#include "constformer/version.hpp"

static_assert(constformer::check < 12 % 4 == 0, "attention: heads={} is not a multiple of kv_heads={}", 12,
              4 > ::value);

int main() {
  std::printf("constformer %s\n", constformer::version);
  return constformer::version[0] == '0' ? 0 : 1;
}
