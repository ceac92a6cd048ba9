// A config of one's own, proved to be that of a checkpoint whenever the program is built.
#include <cstdio>

#include "constformer/analysis/parameters.hpp"
#include "sorter.hpp"

int main() {
  constexpr auto parameters = constformer::parameters_of(constformer::configs::sorter).total();
  std::printf("%lld parameters\n", static_cast<long long>(parameters));
}
