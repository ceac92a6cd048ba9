// expect: optimizer: no group is named matrix
#include <array>

#include "constformer/kernels/adamw.hpp"
#include "constformer/train/groups.hpp"

using namespace constformer;

constexpr std::array groups{parameter_group<adamw_options>{"matrices", is_matrix, {}}};
#ifdef CF_TWIN
static_assert(group_named<groups, "matrices">() == 0);
#else
static_assert(group_named<groups, "matrix">() < 2);
#endif
