// expect: optimizer: norm.weight is in none of 1 groups
#include <array>

#include "constformer/core/members.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/train/groups.hpp"

using namespace constformer;

struct head {
  using norm_type = rms_norm<16>;
  using linear_type = linear<40, 16>;
  BOOST_HANA_DEFINE_STRUCT(head, (norm_type, norm), (linear_type, out));
};

constexpr bool taken(parameter_entry const& p) {
#ifdef CF_TWIN
  return is_matrix(p) || is_vector(p);
#else
  return is_matrix(p);
#endif
}
constexpr std::array groups{parameter_group<adamw_options>{"matrices", taken, {}}};
template struct constformer::grouped<head, groups>;
